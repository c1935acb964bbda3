"""What is done with an asynchronous connection, for AsyncRouter; see statements.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from psycopg.rows import tuple_row

from camgrid.router.shard_map import CITUS, METADATA
from camgrid.router.statements import STANDBY, demoted, threshold


async def rows(conn: psycopg.AsyncConnection, query: str, params: Any, prepare: bool) -> list[Any]:
    """The rows of a statement; none of one that returns none."""
    cursor = await conn.execute(query, params, prepare=prepare)
    return await cursor.fetchall() if cursor.pgresult.status == ExecStatus.TUPLES_OK else []


async def verified(conn: psycopg.AsyncConnection, query: str, params: Any, prepare: bool) -> list[Any]:
    """The rows of a query, and in the same round trip the proof that a primary answered."""
    async with conn.pipeline():
        standby = await conn.cursor(row_factory=tuple_row).execute(STANDBY)
        cursor = await conn.execute(query, params, prepare=prepare)
        if (await standby.fetchone())[0]:
            raise demoted()
        return await cursor.fetchall()


async def many(conn: psycopg.AsyncConnection, asked: Sequence[tuple[Any, Any]], prepare: bool) -> list[list[Any]]:
    """The rows of many queries, each with its parameters: one pipeline."""
    query, params = asked[0][0], [each for _, each in asked]
    if any(other is not query for other, _ in asked):
        async with conn.pipeline():
            cursors = [await conn.execute(query, params, prepare=prepare) for query, params in asked]
        return [await cursor.fetchall() for cursor in cursors]
    cursor = conn.cursor()
    conn.prepare_threshold = threshold(prepare)
    try:
        await cursor.executemany(query, params, returning=True)
    finally:
        conn.prepare_threshold = 0
    return [await each.fetchall() async for each in cursor.results()]


async def is_standby(conn: psycopg.AsyncConnection) -> bool:
    """Whether a node is a replica now."""
    return (await (await conn.cursor(row_factory=tuple_row).execute(STANDBY)).fetchone())[0]


async def metadata(conn: psycopg.AsyncConnection) -> dict[str, Any] | None:
    """What a node knows of shards and nodes; None without Citus."""
    cursor = conn.cursor(row_factory=tuple_row)
    if not (await (await cursor.execute(CITUS)).fetchone())[0]:
        return None
    return (await (await cursor.execute(METADATA)).fetchone())[0]
