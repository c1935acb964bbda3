"""`camgrid schema`: what the database lacks, and bringing it up to date."""

from __future__ import annotations

import time

import click
import psycopg

from camgrid import secrets
from camgrid.cli.app import App, json_option
from camgrid.console import confirm, emit_json, emit_table, say
from camgrid.errors import EXIT_OK, EXIT_UNHEALTHY
from camgrid.schema import run


@click.group("schema")
def command() -> None:
    """Migrations and functions of the database."""


@command.command()
@json_option
@click.pass_obj
def plan(app: App, as_json: bool) -> int:
    """Show what is not applied yet; exit code 3 when there is something."""
    with app.connect("admin", dbname="postgres") as server:
        missing = run.database_missing(server)
    if missing:
        steps = [{"kind": "database", "name": "with all that belongs into it"}]
    else:
        with app.connect("admin") as conn:
            steps = [{"kind": step.kind, "name": step.name} for step in _pending(app, conn)]
    if as_json:
        emit_json({"pending": steps})
    elif steps:
        emit_table(steps, {"kind": "what", "name": "name"})
    else:
        say("the schema is up to date")
    return EXIT_UNHEALTHY if steps else EXIT_OK


@command.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def apply(app: App, yes: bool, as_json: bool) -> int:
    """Apply what `plan` shows. Safe to run again at any time."""
    started = time.monotonic()
    with app.connect("admin", dbname="postgres", autocommit=True) as server:
        if run.database_missing(server):
            confirm("  create the database and all that belongs into it", yes=yes)
            run.create_database(server)
            yes = True
    with app.connect("admin") as conn:
        steps = _pending(app, conn)
        if steps:
            confirm("\n".join(f"  {step.kind} {step.name}" for step in steps), yes=yes)
            run.apply(conn, steps, lambda step: say(f"applied {step.kind} {step.name}"))
    if as_json:
        emit_json({"applied": [{"kind": step.kind, "name": step.name} for step in steps]})
    say(f"{len(steps)} step(s) applied in {time.monotonic() - started:.1f} s" if steps else "nothing to do")
    return EXIT_OK


def _pending(app: App, conn: psycopg.Connection) -> list[run.Step]:
    steps = list(run.pending(conn, secrets.by_login(app.inventory), set(app.topology.groups()) - {0}))
    conn.rollback()
    return steps
