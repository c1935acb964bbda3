"""`camgrid report counts`."""

from __future__ import annotations

from contextlib import closing

import click

from camgrid.cli.app import App
from camgrid.cli.report.options import MOST, STREAMED, Shape, output_options, scope_options
from camgrid.console import say
from camgrid.report import counts as report
from camgrid.report import scope as scopes
from camgrid.report.query import SPLITS
from camgrid.report.steps import step


@click.command("counts")
@click.option("--by", metavar="STEP", help="Split by hour, day, week, month, year, or a length such as 15m, 6h, 10d.")
@click.option("--per", multiple=True, type=click.Choice(SPLITS), help="Split by camera, site or zone; repeatable.")
@click.option("--compare", type=click.Choice(report.COMPARED), help="Also what it was a week, month or year before.")
@click.option("--limit", type=click.IntRange(1), help="Rows at most.  [default: 1000 for tables]")
@scope_options
@output_options
@click.pass_obj
def command(
    app: App,
    by: str | None,
    per: tuple[str, ...],
    compare: str | None,
    limit: int | None,
    wanted: scopes.Wanted,
    shape: Shape,
) -> None:
    """Sum what was counted: in, out, in total, and the number of results.

    Without --by and --per it is one sum over the whole range, and without --from and --to over everything.
    """
    limit = shape.limit(limit)
    request = report.Request(step(by) if by else None, per, limit, compare)
    past = report.before(wanted.range, request) if compare else None
    with app.connect("reporter", autocommit=True) as connection:
        scope = scopes.look(connection, wanted)
        if compare or not shape.streams:
            most, instead = (report.MOST_COMPARED, "a longer step or a narrower range") if compare else (MOST, STREAMED)
            scope.bounded(request.step, per, most, instead)
        choice = scope.choice(request.step)
        about = scope.about(choice, report="counts", step=by, compared_with=past.shown() if past else None)
        nothing = f"no results {wanted.range.words()}"
        with closing(report.rows(connection, scope, request)) as rows:
            shape.show(rows, request.columns, about, limit=limit, nothing=nothing)
    if past:
        say(f"compared with the range {past.words()}")
        if told := report.clamped(wanted.range, request):
            say(told)
    say(scope.words(choice))
