"""What is asked of the database about months, and done with one of them."""

from __future__ import annotations

import getpass
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import psycopg
from psycopg.rows import class_row

from camgrid.errors import CamgridError, UsageError


@dataclass(frozen=True)
class Month:
    """A month of a table. storage: heap, or columnar once archived; bytes with indexes, on all primaries together,
    None where a node does not say; bytes_before: those that it had before it was archived."""

    table_name: str
    start_date: date
    partition_name: str
    storage: str
    bytes: int | None
    bytes_before: int | None
    archived_at: datetime | None

    @property
    def ratio(self) -> float | None:
        """How many times smaller the archive has made it."""
        return round(self.bytes_before / self.bytes, 1) if self.bytes and self.bytes_before else None


@dataclass(frozen=True)
class Due:
    """Something that a rule, or an unfinished run, wants done. action: archive or drop."""

    table_name: str
    start_date: date
    action: str


def day(text: str) -> date:
    """The first day of a month written as 2026-01. UsageError for anything else."""
    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        return date.fromisoformat(f"{text}-01")
    raise UsageError(f"{text!r} is no month", hint="write it as 2026-01")


def name(month: date) -> str:
    """A month as people and `day` write it."""
    return f"{month:%Y-%m}"


def sign(connection: psycopg.Connection, say: Callable[[str], None]) -> None:
    """Tells the database who is at work, for its logs, and passes its notices on. connection: in autocommit mode."""
    operator = f"{getpass.getuser()}@{socket.gethostname()}"
    connection.execute("SELECT set_config('camgrid.operator', %s, false)", (operator,))
    # What is worth a line is said at this level; Citus and PostgreSQL say much more at others.
    connection.add_notice_handler(lambda notice: say(notice.message_primary or ""))


def listed(connection: psycopg.Connection, table: str | None = None) -> list[Month]:
    """All months, or those of one table, oldest first."""
    query = "SELECT * FROM camgrid.partition_details() WHERE table_name = %(table)s OR %(table)s::text IS NULL"
    with connection.cursor(row_factory=class_row(Month)) as cursor:
        return cursor.execute(query, {"table": table}).fetchall()


def find(connection: psycopg.Connection, table: str, month: date) -> Month:
    """One month. UsageError when the table has no such month."""
    for each in listed(connection, table):
        if each.start_date == month:
            return each
    raise UsageError(f"{table} has no month {name(month)}", hint="camgrid partitions list")


def missing(connection: psycopg.Connection, ahead: int | None) -> list[tuple[str, date]]:
    """Months that ought to be there; ahead: as many instead of what the rules say."""
    return connection.execute("SELECT * FROM camgrid.months_missing(%s)", (ahead,)).fetchall()


def due(connection: psycopg.Connection) -> list[Due]:
    """What the rules want done, and what an earlier run left half done."""
    with connection.cursor(row_factory=class_row(Due)) as cursor:
        return cursor.execute("SELECT * FROM camgrid.months_due()").fetchall()


def rows(connection: psycopg.Connection, month: Month) -> int:
    """The rows of a month, counted."""
    statement = psycopg.sql.SQL("SELECT count(*) FROM {}").format(
        psycopg.sql.Identifier("camgrid", month.partition_name)
    )
    return connection.execute(statement).fetchone()[0]


def make(connection: psycopg.Connection, table: str, month: date) -> None:
    """Makes a month, or finishes what was begun. CamgridError when locks were not to be had for a minute."""
    try:
        connection.execute("CALL camgrid.make_partition(%s, %s)", (table, month))
    except (psycopg.errors.LockNotAvailable, psycopg.errors.InternalError_) as error:
        raise CamgridError(
            f"{name(month)} of {table} is not made: {error.diag.message_primary}",
            where="coordinator",
            hint="run the same command again when shards are no longer moved; the hourly job does it too",
        ) from error


def archive(connection: psycopg.Connection, table: str, month: date) -> str:
    """Makes a month columnar. Returns "archived" or "nothing to do"; CamgridError when the database refuses."""
    return _called(connection, "archive", table, month)


def drop(connection: psycopg.Connection, table: str, month: date) -> str:
    """Drops a month. Returns "dropped" or "nothing to do"; CamgridError when the database refuses."""
    return _called(connection, "drop", table, month)


def _called(connection: psycopg.Connection, verb: str, table: str, month: date) -> str:
    outcome = connection.execute(f"CALL camgrid.{verb}_partition(%s, %s)", (table, month)).fetchone()[0]
    if outcome.startswith("refused"):
        raise CamgridError(
            f"{verb} {name(month)}: {outcome}",
            where=f"camgrid.{table}",
            hint="its rows are where they were and the refusal is in partition_log; run the same command again",
        )
    return outcome


def has_columnar(connection: psycopg.Connection) -> bool:
    """Whether this cluster can archive."""
    return connection.execute("SELECT camgrid.has_columnar()").fetchone()[0]
