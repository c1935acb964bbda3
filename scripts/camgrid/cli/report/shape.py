"""`camgrid report peaks`, `occupancy` and `top`."""

from __future__ import annotations

from contextlib import closing

import click

from camgrid.cli.app import App
from camgrid.cli.report.options import MOST, STREAMED, Shape, output_options, scope_options
from camgrid.console import say
from camgrid.report import occupancy as occupancies
from camgrid.report import peaks as peak_hours
from camgrid.report import ranking
from camgrid.report import scope as scopes
from camgrid.report.matrix import matrix
from camgrid.report.query import SPLITS, SUMS
from camgrid.report.steps import step


@click.command()
@click.option("--top", "number", type=click.IntRange(1, 168), help="Only the busiest hours of the week, busiest first.")
@scope_options
@output_options
@click.pass_obj
def peaks(app: App, number: int | None, wanted: scopes.Wanted, shape: Shape) -> None:
    """Show the busiest hours of the week; on a terminal as a table of hours by weekdays, in averages."""
    with app.connect("reporter", autocommit=True) as connection:
        scope = scopes.look(connection, wanted)
        choice = scope.choice(peak_hours.HOUR)
        found = peak_hours.peaks(connection, scope)
    if number:
        found = sorted(found, key=lambda peak: -(peak.average or 0))[:number]
    if found and not number and not shape.streams and not shape.plotted:
        matrix(found)
    else:
        rows = (peak.row() for peak in found)
        about = scope.about(choice, report="peaks")
        nothing = f"no results {wanted.range.words()}"
        shape.show(rows, peak_hours.COLUMNS, about, figure="average", nothing=nothing)
    say(scope.words(choice))


@click.command()
@click.option("--by", default="hour", show_default=True, metavar="STEP", help="hour, or a length such as 15m or 2h.")
@click.option("--per", multiple=True, type=click.Choice(SPLITS), help="Per camera, site or zone; repeatable.")
@click.option("--reset-hour", type=click.IntRange(0, 23), default=0, show_default=True, help="When nobody is inside.")
@click.option("--limit", type=click.IntRange(1), help="Rows at most.  [default: 1000 for tables]")
@scope_options
@output_options
@click.pass_obj
def occupancy(
    app: App, by: str, per: tuple[str, ...], reset_hour: int, limit: int | None, wanted: scopes.Wanted, shape: Shape
) -> None:
    """Show how many are inside: in minus out since the reset hour of each day."""
    limit = shape.limit(limit)
    request = occupancies.Request(step(by), reset_hour, per, limit)
    drift = occupancies.Drift()
    with app.connect("reporter", autocommit=True) as connection:
        scope = scopes.look(connection, wanted)
        if not shape.streams:
            scope.bounded(request.step, per, MOST, STREAMED)
        choice = occupancies.choice(scope, request)
        about = scope.about(choice, report="occupancy", step=by, reset_hour=reset_hour)
        nothing = f"no results {wanted.range.words()}"
        with closing(occupancies.rows(connection, scope, request, drift)) as rows:
            shape.show(rows, request.columns, about, figure="occupancy", limit=limit, nothing=nothing)
    if told := drift.words():
        say(told)
    say(scope.words(choice))


@click.command()
@click.option("--per", type=click.Choice(SPLITS), default="camera", show_default=True, help="What is ranked.")
@click.option("--figure", type=click.Choice(SUMS), default="total_count", show_default=True, help="Ranked by this.")
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True, help="Rows at most.")
@scope_options
@output_options
@click.pass_obj
def top(app: App, per: str, figure: str, limit: int, wanted: scopes.Wanted, shape: Shape) -> None:
    """Rank cameras, sites or zones by what they counted."""
    request = ranking.Top(per, figure, limit)
    with app.connect("reporter", autocommit=True) as connection:
        scope = scopes.look(connection, wanted)
        choice = scope.choice(None)
        about = scope.about(choice, report="top")
        nothing = f"no results {wanted.range.words()}"
        shape.show(ranking.top(connection, scope, request), request.columns, about, figure=figure, nothing=nothing)
    say(scope.words(choice))
