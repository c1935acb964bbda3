"""Options that all reports share, and how an answer is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click

from camgrid.cli.app import json_option
from camgrid.console import say
from camgrid.errors import UsageError
from camgrid.report import ranges
from camgrid.report.output import FORMATS, write
from camgrid.report.plan import SOURCES
from camgrid.report.plot import plot
from camgrid.report.scope import Wanted

TABLE_LIMIT = 1000
# Rows that a table, a plot or a page may have to be put together from; CSV, JSON and Parquet stream.
MOST = 2_000_000
STREAMED = "--from and --to, a longer step, or --format csv, which is not bounded"

_SCOPE = (
    click.option("--from", "start", metavar="TIME", help="First moment, such as 2026-01-31 or 2026-01-31T08:00+01:00."),
    click.option("--to", "end", metavar="TIME", help="The moment after the last one."),
    click.option(
        "--timezone",
        default="UTC",
        show_default=True,
        help='Zone of days and of times without an offset; "camera" is each camera\'s own.',
    ),
    click.option(
        "--camera", "cameras", multiple=True, type=click.IntRange(1, 2**31 - 1), help="Only this; repeatable."
    ),
    click.option("--site", help="Only cameras of this site."),
    click.option("--zone", "zone_id", type=click.IntRange(-(2**31), 2**31 - 1), help="Only this zone of the view."),
    click.option("--source", type=click.Choice(SOURCES), default="auto", show_default=True, help="Where to read."),
)


def scope_options(function: Callable) -> Callable:
    """--from, --to, --timezone, --camera, --site, --zone and --source, handed over as `wanted`."""

    @wraps(function)
    def call(*arguments: Any, start: str | None, end: str | None, timezone: str, **options: Any) -> Any:
        names = ("cameras", "site", "zone_id", "source")
        chosen = {name: options.pop(name) for name in names}
        return function(*arguments, wanted=Wanted(ranges.of(start, end, timezone), **chosen), **options)

    for option in reversed(_SCOPE):
        call = option(call)
    return call


def output_options(function: Callable) -> Callable:
    """--format, --output, --plot and --json, handed over as `shape`."""

    @wraps(function)
    def call(*arguments: Any, form: str | None, output: Path | None, plotted: bool, as_json: bool, **rest: Any) -> Any:
        return function(*arguments, shape=Shape(form, output, plotted, as_json), **rest)

    for option in (
        json_option,
        click.option("--plot", "plotted", is_flag=True, help="Bars instead of a table."),
        click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file."),
        click.option(
            "--format", "form", type=click.Choice(FORMATS), help="By default --output's name tells, or a table."
        ),
    ):
        call = option(call)
    return call


class Shape:
    """How an answer is shown."""

    def __init__(self, form: str | None, output: Path | None, plotted: bool, as_json: bool) -> None:
        """UsageError when the options contradict each other."""
        self.form, self.output, self.plotted = _format(form, output, as_json), output, plotted
        if plotted and self.form != "table":
            raise UsageError("--plot is for the terminal", hint="leave --format, --output and --json out")

    @property
    def streams(self) -> bool:
        """Whether rows go out as they come."""
        return self.form != "table"

    def limit(self, given: int | None) -> int | None:
        """Rows at most."""
        return TABLE_LIMIT if given is None and not self.streams else given

    def show(
        self,
        rows: Iterable[tuple],
        columns: Sequence[str],
        about: dict[str, Any],
        *,
        figure: str = "total_count",
        limit: int | None = None,
        nothing: str = "",
    ) -> int:
        """Shows rows up to a limit, tells when there are more or none, and returns how many there were.

        figure: the column that a plot shows; nothing: what to say when there is no row.
        """
        answer = _Limited(rows, limit)
        if self.plotted:
            written = plot(answer, columns, figure)
        else:
            written = write(answer, columns, self.form, self.output, about)
        if not written and nothing:
            say(nothing)
        if answer.cut:
            say(f"only the first {limit:,} rows are shown: add --limit or narrow the range")
        return written


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
        raise UsageError("a file holds CSV, JSON or Parquet", where=str(output), hint="add --format csv|json|parquet")
    if chosen == "parquet" and not output:
        raise UsageError("Parquet is no text", hint="add --output report.parquet")
    return chosen
