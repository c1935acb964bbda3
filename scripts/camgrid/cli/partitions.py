"""`camgrid partitions`: the months that tables are partitioned by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import click
import psycopg

from camgrid.backup import points
from camgrid.cli.app import App, json_option
from camgrid.console import confirm, confirm_by_name, emit_json, emit_table, say
from camgrid.errors import EXIT_FAILED, EXIT_OK, CamgridError, UsageError
from camgrid.partitions import months, rules
from camgrid.partitions.months import Month
from camgrid.units import size

TABLES = ("counting_results", "camera_events")


def _table(**options: Any) -> Callable:
    return click.option("--table", type=click.Choice(TABLES), help="Only this table.", **options)


_month = click.option("--month", "names", multiple=True, metavar="YYYY-MM", help="This month (UTC); repeatable.")
_yes = click.option("--yes", is_flag=True, help="Do not ask.")
_cluster = click.option("--cluster", metavar="NAME", help="The cluster's name, which --yes needs beside it here.")


@click.group("partitions")
def command() -> None:
    """The months that tables are partitioned by."""


@command.command("list")
@_table()
@json_option
@click.pass_obj
def list_months(app: App, table: str | None, as_json: bool) -> int:
    """List the months, how each is stored and what it takes."""
    with app.connect("monitor", autocommit=True) as conn:
        found = months.listed(conn, table)
    if as_json:
        emit_json({"partitions": [asdict(month) | {"ratio": month.ratio} for month in found]})
    else:
        columns = {"table": "table", "month": "month", "storage": "storage", "size": "size", "before": "before"}
        emit_table(map(_shown, found), columns | {"ratio": "ratio"})
    return EXIT_OK


@command.command()
@click.option("--ahead", type=click.IntRange(0, 120), help="Months ahead, instead of what the rules say.")
@_yes
@json_option
@click.pass_obj
def ensure(app: App, ahead: int | None, yes: bool, as_json: bool) -> int:
    """Make the months ahead that are missing. No insert waits for it."""
    with _admin(app) as conn:
        missing = months.missing(conn, ahead)
        if missing:
            confirm("\n".join(f"  make {months.name(month)} of {table}" for table, month in missing), yes=yes)
        for table, month in missing:
            months.make(conn, table, month)
            say(f"made {months.name(month)} of {table}")
    if as_json:
        emit_json({"made": [{"table_name": table, "start_date": month} for table, month in missing]})
    elif not missing:
        say("every month is there")
    return EXIT_OK


@command.command()
@_table()
@_month
@_yes
@json_option
@click.pass_obj
def archive(app: App, table: str | None, names: tuple[str, ...], yes: bool, as_json: bool) -> int:
    """Make months columnar: those of --table and --month, or all that the rules say.

    A month is copied aside, compared row by row and exchanged; everything goes on meanwhile. Stopped in any way, the
    same command goes on where it was.
    """
    with _admin(app) as conn:
        if not months.has_columnar(conn):
            raise UsageError("there is no archive without Citus's columnar storage; months stay as they are")
        if names:
            wanted = [months.find(conn, _needed(table), months.day(name)) for name in names]
        else:
            keys = [(each.table_name, each.start_date) for each in months.due(conn) if each.action == "archive"]
            wanted = [month for month in months.listed(conn, table) if (month.table_name, month.start_date) in keys]
        if not wanted:
            say("no month is due to be archived")
        else:
            confirm("\n".join(f"  archive {_described(month)}" for month in wanted), yes=yes)
        return _do_all(conn, wanted, months.archive, as_json)


@command.command()
@_table(required=True)
@_month
@_yes
@_cluster
@json_option
@click.pass_obj
def drop(app: App, table: str, names: tuple[str, ...], yes: bool, cluster: str | None, as_json: bool) -> int:
    """Drop months of a table with all their rows."""
    if not names:
        raise UsageError("which month?", hint="--month 2020-01; what rules drop, the nightly job drops")
    with _admin(app) as conn:
        wanted = [months.find(conn, table, months.day(name)) for name in names]
        plan = [f"  drop {_described(month)}, {months.rows(conn, month):,} rows, for ever" for month in wanted]
        confirm_by_name("\n".join(plan), _name(app, conn), yes=yes, given=cluster)
        points.before(app, "drop")
        return _do_all(conn, wanted, months.drop, as_json)


@command.command("rules")
@_table()
@click.option("--ahead", metavar="MONTHS", help="Months that are made ahead.")
@click.option("--archive-after", metavar="MONTHS", help="Full months until one becomes columnar, or never.")
@click.option("--drop-after", metavar="MONTHS", help="Full months until one is dropped, or never.")
@_yes
@_cluster
@json_option
@click.pass_obj
def show_or_set(
    app: App,
    table: str | None,
    ahead: str | None,
    archive_after: str | None,
    drop_after: str | None,
    yes: bool,
    cluster: str | None,
    as_json: bool,
) -> int:
    """Show the rules; with --ahead, --archive-after or --drop-after, set those of --table, or of every table."""
    given = {"months_ahead": ahead, "archive_after_months": archive_after, "drop_after_months": drop_after}
    wanted = {name: _count(text, name != "months_ahead") for name, text in given.items() if text is not None}
    with _admin(app) as conn:
        before = [rule for rule in rules.current(conn) if table in (None, rule.table_name)]
        if wanted:
            after = [rule.changed(**wanted) for rule in before]
            plan = "\n".join(f"  {_told(rule)}" for rule in after)
            if any(new.drops_more_than(old) for new, old in zip(after, before, strict=True)):
                confirm_by_name(plan, _name(app, conn), yes=yes, given=cluster)
            else:
                confirm(plan, yes=yes)
            for rule in after:
                rules.store(conn, rule)
        found = rules.current(conn)
    if as_json:
        emit_json({"rules": [asdict(rule) for rule in found]})
    else:
        headings = {"table_name": "table", "months_ahead": "ahead", "archive_after_months": "archive after"}
        emit_table(map(asdict, found), headings | {"drop_after_months": "drop after", "set_by": "by", "set_at": "at"})
    return EXIT_OK


@contextmanager
def _admin(app: App) -> Iterator[psycopg.Connection]:
    with app.connect("admin", autocommit=True) as conn:
        months.sign(conn, say)
        yield conn


def _do_all(
    conn: psycopg.Connection, wanted: list[Month], act: Callable[[psycopg.Connection, str, Any], str], as_json: bool
) -> int:
    """Acts on month after month; one that is refused does not keep the others from their turn."""
    done = []
    for month in wanted:
        entry = {"table_name": month.table_name, "start_date": month.start_date, "bytes_before": month.bytes}
        try:
            entry["outcome"] = act(conn, month.table_name, month.start_date)
        except CamgridError as error:
            entry |= {"outcome": "refused", "reason": error.what}
            say(f"error: {error}")
        except KeyboardInterrupt:
            where = f"{months.name(month.start_date)} of {month.table_name}"
            say(f"{where} may be half done: run the same command again to go on")
            raise
        else:
            say(f"{months.name(month.start_date)} of {month.table_name}: {entry['outcome']}")
        done.append(entry)
    if as_json:
        emit_json({"months": done})
    return EXIT_FAILED if any(entry["outcome"] == "refused" for entry in done) else EXIT_OK


def _needed(table: str | None) -> str:
    if table is None:
        raise UsageError("a month of which table?", hint=f"--table {' or '.join(TABLES)}")
    return table


def _name(app: App, conn: psycopg.Connection) -> str:
    """What is typed to destroy data: the cluster's name, or the database's where there is no inventory."""
    return app.topology.cluster if app.inventory_path else conn.info.dbname


def _count(text: str, or_never: bool) -> int | None:
    if text == "never" and or_never:
        return None
    if not text.isdecimal() or not 1 <= int(text) <= (1200 if or_never else 120):
        raise UsageError(f"{text!r} is no number of months", hint="such as 12" + (", or never" if or_never else ""))
    return int(text)


def _described(month: Month) -> str:
    bytes_text = "size unknown" if month.bytes is None else size(month.bytes)
    return f"{months.name(month.start_date)} of {month.table_name}: {month.storage}, {bytes_text}"


def _told(rule: rules.Rule) -> str:
    def after(count: int | None, what: str) -> str:
        return f"never {what}" if count is None else f"{what} after {count} full month(s)"

    return (
        f"{rule.table_name}: {rule.months_ahead} month(s) ahead, {after(rule.archive_after_months, 'archived')},"
        f" {after(rule.drop_after_months, 'DROPPED with all rows')}"
    )


def _shown(month: Month) -> dict[str, Any]:
    return {
        "table": month.table_name,
        "month": months.name(month.start_date),
        "storage": month.storage,
        "size": None if month.bytes is None else size(month.bytes),
        "before": None if month.bytes_before is None else size(month.bytes_before),
        "ratio": month.ratio,
    }
