#!/usr/bin/env python3
"""Results written, read and reported with asyncpg. Usage: with_asyncpg.py [SECONDS [CAMERA]]

libpq's variables say where: PGHOST (every proxy: 10.77.0.5,10.77.0.6), PGSSLROOTCERT (the cluster's CA), and PGPASSFILE
(a line for each role). It writes as eight cameras, CAMERA and those after it. Why it does so: ../applications.md.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from random import SystemRandom

import asyncpg
from ledger import PACE_S, Ledger

WRITER, READER, REPORTER = "camgrid_writer", "camgrid_reader", "camgrid_reporter"
ENDPOINTS = {"write": (5000, WRITER), "ingest": (5001, WRITER), "read": (5002, READER), "analytics": (5003, REPORTER)}
# A server that stops or starts, a primary that became a replica, two writers in each other's way, a full server.
PASSING = {"57P01", "57P02", "57P03", "25006", "40001", "40P01", "53300"}
# What comes as 08P01 from the pool or as a lost connection, and stays wrong however often it is tried.
HOPELESS = re.compile("authentication failed|certificate|no such|unsupported|query_timeout")
DEADLINE_S = 60  # a lost host is replaced within half of it
WRITERS = 4
chance = SystemRandom()
ledger = Ledger(*map(int, sys.argv[1:]))

RESULT = """
    INSERT INTO counting_results (camera_id, "timestamp", count_in) VALUES ($1, $2, $3)
    ON CONFLICT (camera_id, zone_id, "timestamp") DO UPDATE SET count_in = excluded.count_in"""
REPORT = """
    SELECT count(*), sum(count_in), max("timestamp") FROM counting_results
    WHERE camera_id = ANY($1) AND "timestamp" >= $2"""
STORED = """
    SELECT camera_id, "timestamp", count_in FROM counting_results
    WHERE camera_id = ANY($1) AND "timestamp" >= $2"""


def endpoint(name: str) -> asyncpg.Pool:
    """Connections to an endpoint, few, because the cluster has pools of its own; made when they are needed."""
    port, user = ENDPOINTS[name]
    return asyncpg.create_pool(
        connect=connect, reset=keep, port=port, user=user, database="camgrid", ssl="verify-full",
        min_size=0, max_size=WRITERS, timeout=3, command_timeout=30,
    )  # fmt: skip


async def connect(*arguments, **options) -> asyncpg.Connection:
    """A connection through any proxy. asyncpg could walk through PGHOST, but only as long as one timeout in all."""
    hosts = os.environ["PGHOST"].split(",")
    for host in chance.sample(hosts, len(hosts)):
        try:
            return await asyncpg.connect(*arguments, host=host, **options)
        except OSError as error:
            last = error
    raise last


async def keep(_: asyncpg.Connection) -> None:
    """Nothing: the pool would reset a session after every use, but sessions are the cluster's pools' business."""


async def run(pool: asyncpg.Pool, query: str, *arguments) -> list[asyncpg.Record]:
    """The rows of a query, which is a transaction of its own and must be harmless to repeat."""
    give_up, pause = time.monotonic() + DEADLINE_S, 0.05
    while True:
        try:
            async with pool.acquire() as conn:
                return await conn.fetch(query, *arguments)
        except (OSError, asyncpg.PostgresError) as error:
            if not passing(error) or time.monotonic() > give_up:
                raise
            ledger.retried(getattr(error, "sqlstate", None), error)
        await pool.expire_connections()  # the pool's others lead to the same old primary
        await asyncio.sleep(pause * chance.uniform(0.5, 1.5))  # differs, so that clients do not come back all at once
        pause = min(2 * pause, 1)


def passing(error: OSError | asyncpg.PostgresError) -> bool:
    """Whether the same work may succeed a little later. OSError: refused, reset, timed out."""
    code = getattr(error, "sqlstate", None) or "08"
    return code in PASSING or (code.startswith("08") and not HOPELESS.search(str(error)))


async def write(pool: asyncpg.Pool) -> None:
    """One of several writers that share a pool."""
    while result := ledger.new():
        await run(pool, RESULT, result.camera, result.at, result.count)
        ledger.acknowledge(result)
        await asyncio.sleep(PACE_S * WRITERS)


async def main() -> int:
    """Writes, reads, reports, and compares what was acknowledged with what is stored."""
    async with endpoint("ingest") as pool:
        await asyncio.gather(*(write(pool) for _ in range(WRITERS)))
    try:
        for name in ("read", "analytics"):
            async with endpoint(name) as pool:
                ledger.answered(name, *(await run(pool, REPORT, ledger.cameras, ledger.started))[0])
    except asyncpg.InternalServerError as error:  # a group lost its replica: reports wait, and never slow ingest
        print("analytics: not now:", error)
    async with endpoint("write") as pool:
        return ledger.verdict(await run(pool, STORED, ledger.cameras, ledger.started), columns=3)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
