"""`camgrid report`: sums over all cameras and shards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from camgrid.cli.app import App, json_option
from camgrid.console import say
from camgrid.errors import UsageError
from camgrid.ingest.clock import zone
from camgrid.report import counts as report
from camgrid.report.output import FORMATS, write

_TABLE_LIMIT = 1000


@click.group(name="report")
def command() -> None:
    """Report over all cameras and shards."""


@command.command()
@click.option("--by", type=click.Choice(report.UNITS), help="Split by hours, days or months.")
@click.option(
    "--per", multiple=True, type=click.Choice(report.SPLITS), help="Split by camera, site or zone; repeatable."
)
@click.option("--from", "start", metavar="TIME", help="First moment, such as 2026-01-31 or 2026-01-31T08:00+01:00.")
@click.option("--to", "end", metavar="TIME", help="The moment after the last one.")
@click.option("--camera", "cameras", multiple=True, type=int, help="Only this camera; repeatable.")
@click.option("--site", help="Only cameras of this site.")
@click.option("--zone", "zone_id", type=int, help="Only this zone of the cameras' view.")
@click.option("--timezone", default="UTC", show_default=True, help="Zone of days, months and times without an offset.")
@click.option("--limit", type=click.IntRange(1), help=f"Rows at most.  [default: {_TABLE_LIMIT} for tables]")
@click.option("--format", "form", type=click.Choice(FORMATS), help="By default --output's name tells, or a table.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write CSV or JSON to this file.")
@json_option
@click.pass_obj
def counts(
    app: App,
    timezone: str,
    start: str | None,
    end: str | None,
    limit: int | None,
    form: str | None,
    output: Path | None,
    as_json: bool,
    **wanted: Any,
) -> None:
    """Sum what was counted: in, out, in total, and the number of results.

    Without --by and --per it is one sum over the whole range, and without --from and --to over everything.
    """
    form = _format(form, output, as_json)
    where = zone(timezone)
    request = report.Request(
        zone=where,
        start=report.moment(start, where) if start else None,
        end=report.moment(end, where) if end else None,
        limit=_TABLE_LIMIT if limit is None and form == "table" else limit,
        **wanted,
    )
    with app.connect("reporter", autocommit=True) as connection, closing(report.rows(connection, request)) as rows:
        answer = _Limited(rows, request.limit)
        written = write(answer, request.columns, form, output)
    if not written:
        first, last = _shown(request.start, where, "the beginning"), _shown(request.end, where, "the end")
        say(f"no results between {first} and {last}")
    if answer.cut:
        say(f"only the first {request.limit:,} rows are shown: add --limit or narrow the range")


class _Limited:
    """Rows up to a limit. cut: whether there were more, once they are through."""

    def __init__(self, rows: Iterable[tuple], limit: int | None) -> None:
        self._rows, self._limit, self.cut = rows, limit, False

    def __iter__(self) -> Iterator[tuple]:
        for number, row in enumerate(self._rows):
            if self._limit is None or number < self._limit:
                yield row
            else:
                self.cut = True


def _format(form: str | None, output: Path | None, as_json: bool) -> str:
    if as_json and form not in (None, "json"):
        raise UsageError(f"--json and --format {form} contradict each other")
    named = output.suffix.lower().lstrip(".") if output else "table"
    chosen = "json" if as_json else form or named
    if chosen not in FORMATS or (output and chosen == "table"):
        raise UsageError("a file holds CSV or JSON", where=str(output), hint="add --format csv|json")
    return chosen


def _shown(moment: Any, where: Any, otherwise: str) -> str:
    return moment.astimezone(where).isoformat() if moment else otherwise
