"""`camgrid check`: the same look for machines: silent when all is well, a line for each thing that is not."""

from __future__ import annotations

import click

from camgrid import health
from camgrid.cli import status_view
from camgrid.cli.app import App, json_option
from camgrid.console import emit_json, out
from camgrid.errors import EXIT_OK, EXIT_UNHEALTHY


@click.command("check")
@json_option
@click.pass_obj
def command(app: App, as_json: bool) -> int:
    """Print what is wrong, a line each; exit code 3 when something is."""
    snapshot = health.look(app)
    if as_json:
        document = snapshot.as_json()
        emit_json({key: document[key] for key in ("healthy", "cluster", "phase", "findings")})
    else:
        for line in status_view.lines(snapshot):
            out.print(line, markup=False)
    return EXIT_UNHEALTHY if snapshot.findings else EXIT_OK
