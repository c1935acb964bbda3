"""`camgrid report silent`, `gaps` and `events`: what did not come, and what happened."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import click

from camgrid.cli.app import App
from camgrid.cli.report.options import MOST, STREAMED, Shape, output_options, scope_options
from camgrid.console import say
from camgrid.errors import UsageError
from camgrid.ingest.clock import duration
from camgrid.report import events as happened
from camgrid.report import gaps as holes
from camgrid.report import ranking
from camgrid.report import scope as scopes
from camgrid.report.ranges import of
from camgrid.report.steps import step


@click.command()
@click.option("--for", "longer", default="1h", show_default=True, metavar="DURATION", help="Such as 90s, 15m, 6h, 2d.")
@click.option("--timezone", default="UTC", show_default=True, help="Zone of the times that are shown.")
@click.option("--camera", "cameras", multiple=True, type=click.IntRange(1, 2**31 - 1), help="Only this; repeatable.")
@click.option("--site", help="Only cameras of this site.")
@output_options
@click.pass_obj
def silent(app: App, longer: str, timezone: str, cameras: tuple[int, ...], site: str | None, shape: Shape) -> None:
    """List active cameras that sent nothing for a while, those that never did first."""
    wanted = scopes.Wanted(of(None, None, timezone), cameras, site)
    length = duration(longer)
    if shape.plotted:
        raise UsageError("there is nothing to plot here", hint="leave --plot out")
    with app.connect("reporter", autocommit=True) as connection:
        scope = scopes.look(connection, wanted)
        rows = ranking.silent(connection, scope, length)
        about = {"report": "silent", "for": longer, "timezone": timezone, "cameras": scope.cameras.count}
        count = shape.show(rows, ranking.SILENT, about)
    say(f"{count:,} of {scope.cameras.count:,} cameras sent nothing for {longer}")


@click.command()
@click.option("--by", default="hour", show_default=True, metavar="STEP", help="What one result fills: hour, 15m, 1m.")
@click.option("--longer-than", "least", metavar="DURATION", help="Only gaps of this length or longer, such as 6h.")
@click.option("--longest-first", is_flag=True, help="Instead of by camera and time.")
@click.option("--limit", type=click.IntRange(1), help="Rows at most.  [default: 1000 for tables]")
@scope_options
@output_options
@click.pass_obj
def gaps(
    app: App,
    by: str,
    least: str | None,
    longest_first: bool,
    limit: int | None,
    wanted: scopes.Wanted,
    shape: Shape,
) -> None:
    """List times without results, camera by camera. An open end is now."""
    if shape.plotted:
        raise UsageError("there is nothing to plot here", hint="leave --plot out")
    limit = shape.limit(limit)
    request = holes.Request(step(by), duration(least) if least else timedelta(), limit, longest_first)
    with app.connect("reporter", autocommit=True) as connection:
        scope = scopes.look(connection, wanted)
        if not shape.streams:
            scope.bounded(request.step, ["camera"], 20 * MOST, STREAMED)
        choice = holes.choice(scope, request)
        about = scope.about(choice, report="gaps", step=by)
        nothing = f"no gaps {wanted.range.words()}"
        with closing(holes.rows(connection, scope, request)) as rows:
            shape.show(rows, holes.COLUMNS, about, limit=limit, nothing=nothing)
    say(scope.words(choice))


@click.command()
@click.option("--by", metavar="STEP", help="Split by hour, day, week, month, year, or a length such as 6h.")
@click.option("--per", multiple=True, type=click.Choice(["site", "camera"]), help="Split by site or camera.")
@click.option("--limit", type=click.IntRange(1), help="Rows at most.  [default: 1000 for tables]")
@scope_options
@output_options
@click.pass_obj
def events(
    app: App, by: str | None, per: tuple[str, ...], limit: int | None, wanted: scopes.Wanted, shape: Shape
) -> None:
    """Count events by type and severity."""
    if wanted.zone_id is not None or wanted.source not in ("auto", "raw"):
        raise UsageError("events have no zone of view and no rollup", hint="leave --zone and --source out")
    limit = shape.limit(limit)
    request = happened.Request(step(by) if by else None, per, limit)
    with app.connect(happened.ROLE, autocommit=True) as connection:
        scope = scopes.look(connection, wanted)
        if not shape.streams:
            scope.bounded(request.step, per, MOST, STREAMED)
        first, last = wanted.range.shown()
        about = {"report": "events", "from": first, "to": last, "timezone": wanted.range.zone_name, "source": "raw"}
        nothing = f"no events {wanted.range.words()}"
        with closing(happened.rows(connection, scope, request)) as rows:
            shape.show(rows, request.columns, about, figure="events", limit=limit, nothing=nothing)
