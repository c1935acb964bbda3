"""`camgrid report page`."""

from __future__ import annotations

from pathlib import Path

import click
import psycopg

from camgrid.cli.app import App
from camgrid.cli.report.options import MOST, scope_options
from camgrid.console import emit_json, say
from camgrid.ingest.clock import duration
from camgrid.report import charts as drawn
from camgrid.report import counts, events, page
from camgrid.report import scope as scopes
from camgrid.report.output import whole
from camgrid.report.steps import step
from camgrid.units import size

_NARROWER = "narrow the range with --from and --to, or give --by a longer step"


@click.command("page")
@click.option(
    "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The HTML file to write."
)
@click.option("--title", default="Camera counts", show_default=True, help="The page's heading.")
@click.option("--by", metavar="STEP", help="Step of the trend.  [default: one that suits the range]")
@click.option("--compare", type=click.Choice(counts.COMPARED), help="Also what it was a week, month or year before.")
@click.option(
    "--silent-for", default="1h", show_default=True, metavar="DURATION", help="From when on a camera is silent."
)
@scope_options
@click.option("--json", "as_json", is_flag=True, help="Say what was written as JSON.")
@click.pass_obj
def command(
    app: App,
    output: Path,
    title: str,
    by: str | None,
    compare: str | None,
    silent_for: str,
    wanted: scopes.Wanted,
    as_json: bool,
) -> None:
    """Write one HTML page with charts, to be mailed or printed: it needs nothing else, no script and no network."""
    drawn.library()
    request = page.Request(title, _cluster(app), step(by) if by else None, compare, duration(silent_for))
    with app.connect("reporter", autocommit=True) as connection:
        scope = scopes.look(connection, wanted)
        most = counts.MOST_COMPARED if compare else MOST
        scope.bounded(request.step or page.suited(scope), (), most, _NARROWER)
        parts = page.gather(connection, scope, request)
    text = page.render(parts | page.event_part(_events(app, wanted)))
    with whole(output) as part:
        part.write_text(text, encoding="utf-8")
    if as_json:
        emit_json(
            {"file": str(output), "bytes": len(text.encode()), "meta": scope.about(scope.choice(None), report="page")}
        )
    say(f"{output}: {size(len(text.encode()))}, {parts['sources']}")


def _events(app: App, wanted: scopes.Wanted) -> list[tuple] | None:
    """Events by type and severity; None when this login may not read them."""
    with app.connect(events.ROLE, autocommit=True) as connection:
        try:
            return list(events.rows(connection, scopes.look(connection, wanted), events.Request()))
        except psycopg.errors.InsufficientPrivilege:
            return None


def _cluster(app: App) -> str:
    return app.topology.cluster if app.inventory_path else "of libpq's environment"
