"""Puts a chunk of rows into camgrid.counting_results, within the caller's transaction.

COPY goes straight into the table while all rows are new. When one is not, PostgreSQL refuses the whole chunk;
it is then merged through a temporary table, which tells new rows from present ones and from contradictions.
Archived months are columnar: what they have already is left out beforehand, because they know no ON CONFLICT.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import psycopg
from psycopg import sql

from camgrid import queries
from camgrid.ingest.fields import short
from camgrid.ingest.rows import VALUES
from camgrid.ingest.session import UNIQUE_VIOLATION, code

Refusal = tuple[int, str]

# How often rows are looked at again, when somebody stores one of them or archives their month in between.
_LOOKS = 4
# What a columnar table says to ON CONFLICT.
_NOW_ARCHIVED = "columnar_tuple_insert_speculative"


@dataclass
class Outcome:
    """Of one chunk: rows stored, rows that were there already with the same values, (line, reason) refused."""

    stored: int = 0
    present: int = 0
    refused: list[Refusal] = field(default_factory=list)


def copy(connection: psycopg.Connection, columns: Sequence[str], lines: Sequence[str]) -> Outcome:
    """Stores COPY lines that are all new. UniqueViolation, and nothing stored, when one is not."""
    # Two connections to each worker instead of one for each shard: opening those costs more than they save.
    connection.execute("SET LOCAL citus.max_adaptive_executor_pool_size = 2")
    _copy(connection, sql.Identifier("camgrid", "counting_results"), columns, lines)
    return Outcome(stored=len(lines))


def merge(connection: psycopg.Connection, columns: Sequence[str], lines: Sequence[str]) -> Outcome:
    """Stores those COPY lines that are new; of the others tells the present ones from those refused."""
    connection.execute(queries.text("import_incoming"))
    numbered = [f"{n}\t{line}" for n, line in enumerate(lines)]
    refused = _load(connection, ("n", *columns), numbered)
    bounds = connection.execute('SELECT min("timestamp"), max("timestamp") FROM pg_temp.incoming').fetchone()
    between = dict(zip(("first", "last"), bounds, strict=True))
    stored = _insert(connection, between)
    # Looked at afterwards, so that a row that somebody else stores meanwhile is seen too.
    rows = connection.execute(queries.text("import_conflicts"), between)
    differing = [(n, _difference(values[:5], values[5:])) for n, *values in rows]
    present = len(lines) - len(refused) - stored - len(differing)
    return Outcome(stored, present, refused + differing)


def _insert(connection: psycopg.Connection, between: dict[str, datetime]) -> int:
    """Inserts the rows of the chunk that are new, wherever their months are. Returns how many."""
    looks = 0
    while True:
        looks += 1
        try:
            with connection.transaction():
                return _insert_plain_and_late(connection, between)
        except psycopg.Error as error:
            if looks == _LOOKS or not (code(error) == UNIQUE_VIOLATION or _NOW_ARCHIVED in str(error)):
                raise


def _insert_plain_and_late(connection: psycopg.Connection, between: dict[str, datetime]) -> int:
    query = "SELECT camgrid.archived_months('counting_results')::text"
    values = between | {"archived": connection.execute(query).fetchone()[0]}
    stored = connection.execute(queries.text("import_merge"), values).rowcount
    query = 'SELECT FROM pg_temp.incoming WHERE "timestamp" <@ %(archived)s::tstzmultirange LIMIT 1'
    if connection.execute(query, values).rowcount:
        present = [n for (n,) in connection.execute(queries.text("import_present"), values)]
        stored += connection.execute(queries.text("import_late"), values | {"present": present}).rowcount
    return stored


def _difference(stored: Sequence[object], row: Sequence[object]) -> str:
    pairs = [
        f"{name} {_shown(old)}, this row says {_shown(new)}"
        for name, old, new in zip(VALUES, stored, row, strict=True)
        if old != new
    ]
    return "a different result is already stored: " + ", ".join(pairs)


def _shown(value: object) -> str:
    return "nothing" if value is None else short(value) if isinstance(value, str) else str(value)


def _load(connection: psycopg.Connection, columns: Sequence[str], lines: Sequence[str]) -> list[Refusal]:
    """COPY into the temporary table. Values that PostgreSQL refuses are found by halving, and left out."""
    try:
        with connection.transaction():
            _copy(connection, sql.Identifier("incoming"), columns, lines)
            return []
    except psycopg.DataError as error:
        if len(lines) == 1:
            return [(int(lines[0].split("\t", 1)[0]), f"PostgreSQL refuses it: {error.diag.message_primary}")]
    half = len(lines) // 2
    return _load(connection, columns, lines[:half]) + _load(connection, columns, lines[half:])


def _copy(connection: psycopg.Connection, table: sql.Identifier, columns: Sequence[str], lines: Sequence[str]) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(table, names)
    with connection.cursor().copy(statement) as stream:
        stream.write("\n".join(lines) + "\n")
