"""`camgrid query`: SQL over all shards, read only unless told."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import psycopg
from rich.markup import escape

from camgrid.cli.app import App, json_option
from camgrid.connect import ROLES
from camgrid.console import confirm, emit_json, emit_table, say
from camgrid.errors import EXIT_FAILED, EXIT_OK, UsageError
from camgrid.query import plan, shards, statement, values
from camgrid.query.run import Answer, Request, bounded
from camgrid.report.output import FORMATS, write
from camgrid.topology import DOMAIN

_READERS = ("reporter", "reader", "monitor")
_COLUMNS = ("shard", "node", "group", "rows", "ms", "error")


@click.command("query")
@click.argument("text", metavar="SQL", required=False)
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="Read the statement from this file.")
@click.option("--param", "pairs", multiple=True, metavar="NAME=VALUE", help="Value of %(NAME)s in it; repeatable.")
@click.option("--timeout", type=click.IntRange(1, 86_400), default=30, show_default=True, help="Seconds.")
@click.option("--limit", type=click.IntRange(0), default=1000, show_default=True, help="Rows at most; 0: all, as CSV.")
@click.option("--per-shard", is_flag=True, help="Run it on each shard by itself: rows and time, slowest first.")
@click.option("--write", "writes", is_flag=True, help="Let it change data; asks first.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--role", type=click.Choice(list(ROLES)), help="As whom.  [default: reporter; writer with --write]")
@click.option("--format", "form", type=click.Choice(FORMATS), help="By default --output's name tells, or a table.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write CSV or JSON to this file.")
@json_option
@click.pass_obj
def command(
    app: App,
    text: str | None,
    file: Path | None,
    pairs: tuple[str, ...],
    timeout: int,
    limit: int,
    per_shard: bool,
    writes: bool,
    yes: bool,
    role: str | None,
    form: str | None,
    output: Path | None,
    as_json: bool,
) -> int:
    """Run one statement over all shards, in a transaction that is read only without --write.

    SQL is the statement, or - to read it from stdin.
    """
    form = _form(form, output, as_json)
    role = role or ("writer" if writes else "reporter")
    if not writes and role not in _READERS:
        raise UsageError(f"--role {role} only together with --write", hint=f"to read: --role {' | '.join(_READERS)}")
    if per_shard and (writes or output or form == "csv"):
        raise UsageError("--per-shard shows times, as a table or with --json", hint="leave the other options out")
    if limit == 0 and form != "csv":
        raise UsageError("all rows only go out as CSV, which is not held in memory", hint="--format csv, or --limit N")
    sql, given = statement.given(text, file), statement.parameters(pairs)
    with app.connect(role) as connection:
        sql = statement.bound(connection, sql, given)
        if per_shard:
            return _per_shard(app, connection, role, sql, timeout, as_json)
        values.register(connection)
        if writes:
            info = connection.info
            confirm(
                f"as {info.user} at {info.host}, in one transaction of {timeout} s at most:\n{sql.strip()}", yes=yes
            )
        request = Request(sql, timeout, limit or None, writes)
        return _answer(connection, request, form, output)


def _answer(connection: psycopg.Connection, request: Request, form: str, output: Path | None) -> int:
    with bounded(connection, request.text, request.timeout):
        answer = Answer(connection, request)
        with closing(answer.rows()) as rows:
            shown = (tuple(_shown(values.plain(value, form), form) for value in row) for row in rows)
            written = write(shown, [_shown(name, form) for name in answer.columns], form, output)
        if request.write:
            connection.commit()
    if request.write:
        say(f"committed: {answer.status or f'{written} row(s) came back'}")
    elif answer.status or not written:
        say(answer.status or "no rows")
    if answer.cut:
        say(f"there are more than the {request.limit:,} rows shown: --limit N, or all with --format csv --limit 0")
    return EXIT_OK


def _per_shard(app: App, connection: psycopg.Connection, role: str, text: str, timeout: int, as_json: bool) -> int:
    # Nodes know each other by names that this machine cannot resolve.
    addresses = {node.name: node.address for node in app.topology.nodes} if app.inventory_path else {}

    def connect(shard: shards.Shard) -> psycopg.Connection:
        host = addresses.get(shard.node, shard.node)
        return app.connect(role, host=host, port=shard.port, target_session_attrs="any")

    started = time.monotonic()
    one_by_one = True
    try:
        done = shards.run(plan.tasks(connection, text, timeout), connect, timeout)
    except plan.StepsError:
        say("Citus computes a part of this first: measured in one run of the whole, all shards at once")
        done, one_by_one = plan.together(connection, text, timeout), False
    seconds = round(time.monotonic() - started, 3)
    failed = [shard for shard in done if shard.error]
    total = {
        "rows": sum(shard.rows or 0 for shard in done),
        "milliseconds": round(sum(shard.milliseconds or 0 for shard in done), 1),
        "shards": sum(shard.shard_id is not None for shard in done),
        "nodes": len({shard.node for shard in done}),
        "failed": len(failed),
        "seconds": seconds,
    }
    if as_json:
        emit_json({"one_by_one": one_by_one, "shards": [shard.as_json() for shard in done], "total": total})
    else:
        emit_table([_row(shard) for shard in done], {name: name for name in _COLUMNS if name != "error" or failed})
    if not total["shards"]:
        say("no shards take part: one node answers by itself")
    say(
        "{shards} shard(s) on {nodes} node(s): {rows:,} rows, {milliseconds:,} ms of work, {seconds} s in all".format(
            **total
        )
    )
    if failed:
        say(f"{len(failed)} gave no answer; next: camgrid status, or a longer --timeout")
    return EXIT_FAILED if failed else EXIT_OK


def _row(shard: shards.Shard) -> dict[str, object]:
    number = None if shard.shard_id is None else str(shard.shard_id)
    cells = (number, shard.node.removesuffix(f".{DOMAIN}"), shard.citus_group, shard.rows, shard.milliseconds)
    return dict(zip(_COLUMNS, (*cells, shard.error and escape(shard.error)), strict=True))


def _shown(value: Any, form: str) -> Any:
    # A table reads [words] as markup.
    return escape(value) if form == "table" and isinstance(value, str) else value


def _form(form: str | None, output: Path | None, as_json: bool) -> str:
    if as_json and form not in (None, "json"):
        raise UsageError(f"--json and --format {form} contradict each other")
    named = output.suffix.lower().lstrip(".") if output else "table"
    chosen = "json" if as_json else form or named
    if chosen not in ("csv", "json") and (output or chosen != "table"):
        raise UsageError("a file holds CSV or JSON", where=str(output), hint="add --format csv|json")
    return chosen
