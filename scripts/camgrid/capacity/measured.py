"""What a row takes on a running cluster, in place of the constants where it has enough rows to tell."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import psycopg
from psycopg.rows import class_row

from camgrid.backup.repository import Stanza
from camgrid.capacity.costs import Costs

# Fewer rows than these of a kind, or in a shard and month of it, are mostly what empty tables take.
LEAST_ROWS, LEAST_IN_A_SHARD = 10_000, 100
# Results that have to come while WAL is observed.
LEAST_OBSERVED = 1_000
# Smaller databases are mostly PostgreSQL's own catalogs.
LEAST_BACKUP = 500 * 1000**2


@dataclass(frozen=True)
class Stored:
    """What camgrid.table_bytes() says of one table, month (None where it has none) and storage."""

    table_name: str
    month: date | None
    storage: str
    shards: int
    row_count: int
    heap_bytes: int
    toast_bytes: int
    index_bytes: int


@dataclass(frozen=True)
class Written:
    """WAL of all primaries in some seconds, and the results stored meanwhile."""

    wal: float = 0
    results: int = 0
    seconds: int = 0


@dataclass(frozen=True)
class Measured:
    """costs: the constants, with what was measured in their place; taken: cost → what it was measured on;
    constant: cost → why it was not; rows: counting results that are stored; where: the cluster's name; workers: its
    worker groups."""

    costs: Costs
    taken: dict[str, str]
    constant: dict[str, str]
    rows: int
    where: str = ""
    workers: int | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


def ask(connection: psycopg.Connection) -> list[Stored]:
    """What is stored. connection: as monitor."""
    with connection.cursor(row_factory=class_row(Stored)) as cursor:
        return cursor.execute("SELECT * FROM camgrid.table_bytes()").fetchall()


def observe(connection: psycopg.Connection, seconds: int) -> Written:
    """WAL and results of so many seconds, in which nothing else is done. connection: as monitor.

    Of totals since the statistics began one is no use: results of months that were archived since are in the WAL alone.
    """
    looks = []
    for pause in (0, seconds):
        time.sleep(pause)
        wal, rows = connection.execute("SELECT * FROM camgrid.wal_written()").fetchone()
        looks.append((float(wal or 0), rows or 0))
    return Written(looks[1][0] - looks[0][0], looks[1][1] - looks[0][1], seconds)


def measure(
    constants: Costs,
    stored: Sequence[Stored],
    wal: Written | None = None,
    stanzas: Iterable[Stanza] = (),
) -> Measured:
    """The costs of a cluster: bytes, less what its shards take without rows, over rows.

    stored: what ask() says; wal: what observe() saw, if it did; stanzas: what its repository of backups has.
    """
    found: dict[str, float] = {}
    taken: dict[str, str] = {}
    constant: dict[str, str] = {}
    for table, storage, prefix, suffix in (
        ("counting_results", "heap", "result", ""),
        ("counting_results", "columnar", "result", "_archive"),
        ("camera_events", "heap", "event", ""),
        ("camera_events", "columnar", "event", "_archive"),
    ):
        parts = [part for part in _large(stored, table) if part.storage == storage]
        names = [f"{prefix}{suffix or '_heap'}", f"{prefix}{suffix}_index"]
        rows = sum(part.row_count for part in parts)
        if rows < LEAST_ROWS:
            constant |= dict.fromkeys(names, f"{rows:,} rows in {'archived' if suffix else 'plain'} months")
            continue
        shards = sum(part.shards for part in parts)
        tables = sum(part.heap_bytes + part.toast_bytes for part in parts)
        empty = constants.shard_archive if suffix else constants.shard_heap
        values = tables - shards * empty, sum(part.index_bytes for part in parts) - shards * constants.shard_index
        found |= {name: max(0.0, value) / rows for name, value in zip(names, values, strict=True)}
        taken |= dict.fromkeys(names, f"{rows:,} rows of {len(parts)} months")
    for table, name in (("counts_hourly", "hourly"), ("counts_daily", "daily"), ("camera_latest", "latest")):
        parts = _large(stored, table)
        rows = sum(part.row_count for part in parts)
        if rows < LEAST_ROWS:
            constant[name] = f"{rows:,} rows"
            continue
        empty = sum(part.shards for part in parts) * constants.shard_month
        found[name] = (sum(part.heap_bytes + part.index_bytes for part in parts) - empty) / rows
        taken[name] = f"{rows:,} rows"
    for ask_one in (_wal(wal), _backups(stanzas)):
        name, value, words = ask_one
        if value is None:
            constant[name] = words
        else:
            found[name], taken[name] = value, words
    total = sum(part.row_count for part in stored if part.table_name == "counting_results")
    return Measured(replace(constants, **found), taken, constant, total)


def _large(stored: Sequence[Stored], table: str) -> list[Stored]:
    """The months of a table that have enough rows in each shard to tell."""
    return [
        part for part in stored if part.table_name == table and part.row_count >= LEAST_IN_A_SHARD * max(1, part.shards)
    ]


def _wal(wal: Written | None) -> tuple[str, float | None, str]:
    if wal is None:
        return "wal_all", None, "not observed: --observe 900"
    if wal.results < LEAST_OBSERVED or wal.wal <= 0:
        return "wal_all", None, f"{wal.results:,} results came in {wal.seconds} s"
    return "wal_all", wal.wal / wal.results, f"all WAL of {wal.seconds} s, whatever for, over {wal.results:,} results"


def _backups(stanzas: Iterable[Stanza]) -> tuple[str, float | None, str]:
    """Bytes in the repository over bytes of the database, of every group's newest full backup."""
    newest = [full[-1] for each in stanzas if (full := [backup for backup in each.backups if backup.kind == "full"])]
    size, kept = sum(backup.size for backup in newest), sum(backup.stored for backup in newest)
    if size < LEAST_BACKUP:
        return "backup_all", None, f"full backups of {size:,} bytes" if newest else "no full backup"
    return "backup_all", kept / size, f"{len(newest)} full backups, the newest {max(b.stopped for b in newest):%F}"
