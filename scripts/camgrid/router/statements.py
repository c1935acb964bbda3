"""What is done with a connection, for Router; async_statements.py has the same for AsyncRouter where it must differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from psycopg.rows import tuple_row

from camgrid.router.core import Core, Place
from camgrid.router.shard_map import CITUS, METADATA

LATEST = "SELECT * FROM {camera_latest} WHERE camera_id = %s ORDER BY zone_id"
STANDBY = "SELECT pg_is_in_recovery()"
# Statements in one pipeline: more would only fill buffers.
_PIPELINE = 256


def grouped(core: Core, requests: Sequence[tuple[int, Any]], at: str) -> list[tuple[Place, list[int]]]:
    """Each place with the indexes of the requests that it is to answer, at most a pipeline's worth at once."""
    places: dict[Place, list[int]] = {}
    for index, (camera_id, _) in enumerate(requests):
        places.setdefault(core.choose(camera_id, at), []).append(index)
    return [
        (place, indexes[start : start + _PIPELINE])
        for place, indexes in places.items()
        for start in range(0, len(indexes), _PIPELINE)
    ]


def rows(conn: psycopg.Connection, query: str, params: Any, prepare: bool) -> list[Any]:
    """The rows of a statement; none of one that returns none."""
    cursor = conn.execute(query, params, prepare=prepare)
    # Not cursor.description: making it costs a quarter of the call.
    return cursor.fetchall() if cursor.pgresult.status == ExecStatus.TUPLES_OK else []


def threshold(prepare: bool) -> int | None:
    """psycopg's prepare_threshold for executemany, which has no `prepare` of its own and would always do it."""
    return 0 if prepare else None


def became_replica(conn: psycopg.Connection | psycopg.AsyncConnection) -> bool:
    """Whether a direct connection's server says that it is a replica; a pool does not pass that on."""
    return conn.pgconn.parameter_status(b"in_hot_standby") == b"on"


def demoted() -> psycopg.Error:
    """The error of a read that was to be answered by a primary and was not: as of a write there."""
    return psycopg.errors.ReadOnlySqlTransaction("the primary has become a replica")


def verified(conn: psycopg.Connection, query: str, params: Any, prepare: bool) -> list[Any]:
    """The rows of a query, and in the same round trip the proof that a primary answered."""
    with conn.pipeline():
        standby = conn.cursor(row_factory=tuple_row).execute(STANDBY)
        cursor = conn.execute(query, params, prepare=prepare)
        if standby.fetchone()[0]:
            raise demoted()
        return cursor.fetchall()


def many(conn: psycopg.Connection, asked: Sequence[tuple[Any, Any]], prepare: bool) -> list[list[Any]]:
    """The rows of many queries, each with its parameters: one pipeline."""
    query, params = asked[0][0], [each for _, each in asked]
    if any(other is not query for other, _ in asked):
        with conn.pipeline():
            cursors = [conn.execute(query, params, prepare=prepare) for query, params in asked]
        return [cursor.fetchall() for cursor in cursors]
    # One query for all costs the client half as much.
    cursor = conn.cursor()
    conn.prepare_threshold = threshold(prepare)
    try:
        cursor.executemany(query, params, returning=True)
    finally:
        conn.prepare_threshold = 0  # as the pool made it: without one, psycopg prepares nothing, whatever it is told
    return [each.fetchall() for each in cursor.results()]


def is_standby(conn: psycopg.Connection) -> bool:
    """Whether a node is a replica now."""
    return conn.cursor(row_factory=tuple_row).execute(STANDBY).fetchone()[0]


def metadata(conn: psycopg.Connection) -> dict[str, Any] | None:
    """What a node knows of shards and nodes; None without Citus."""
    cursor = conn.cursor(row_factory=tuple_row)
    if not cursor.execute(CITUS).fetchone()[0]:
        return None
    return cursor.execute(METADATA).fetchone()[0]
