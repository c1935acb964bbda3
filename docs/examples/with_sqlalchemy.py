#!/usr/bin/env python3
"""Results written, read and reported with SQLAlchemy 2 over psycopg 3. Usage: with_sqlalchemy.py [SECONDS [CAMERA]]

libpq's variables say where: PGHOST (every proxy: 10.77.0.5,10.77.0.6), PGSSLROOTCERT (the cluster's CA), and PGPASSFILE
(a line for each role). It writes as eight cameras, CAMERA and those after it. Why it does so: ../applications.md.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from random import SystemRandom

import psycopg
from ledger import PACE_S, Ledger, Result
from sqlalchemy import Column, DateTime, Engine, Integer, MetaData, Table, create_engine, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, InternalError

WRITER, READER, REPORTER = "camgrid_writer", "camgrid_reader", "camgrid_reporter"
ENDPOINTS = {"write": (5000, WRITER), "ingest": (5001, WRITER), "read": (5002, READER), "analytics": (5003, REPORTER)}
# A server that stops or starts, a primary that became a replica, two writers in each other's way, a full server.
PASSING = {"57P01", "57P02", "57P03", "25006", "40001", "40P01", "53300"}
# What comes without a code from libpq or as 08P01 from the pool, and stays wrong however often it is tried.
HOPELESS = re.compile("authentication failed|certificate|no such|unsupported|query_timeout")
DEADLINE_S = 60  # a lost host is replaced within half of it
chance = SystemRandom()
ledger = Ledger(*map(int, sys.argv[1:]))

results = Table(
    "counting_results", MetaData(),
    Column("camera_id", Integer, primary_key=True), Column("zone_id", Integer, primary_key=True),
    Column("timestamp", DateTime(timezone=True), primary_key=True), Column("count_in", Integer),
)  # fmt: skip
mine = results.c.camera_id.in_(ledger.cameras), results.c.timestamp >= ledger.started
report = select(func.count(), func.sum(results.c.count_in), func.max(results.c.timestamp)).where(*mine)
stored = select(results.c.camera_id, results.c.timestamp, results.c.count_in).where(*mine)


def engine(endpoint: str) -> Engine:
    """A pool of connections to an endpoint: few, because the cluster has pools of its own, and never a broken one."""
    port, user = ENDPOINTS[endpoint]
    return create_engine(
        "postgresql+psycopg://", pool_size=2, max_overflow=0, pool_pre_ping=True,
        connect_args={
            "port": port, "user": user, "dbname": "camgrid", "sslmode": "verify-full", "load_balance_hosts": "random",
            "connect_timeout": 3, "tcp_user_timeout": 5000,
            "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3,
        },
    )  # fmt: skip


def run(pool: Engine, work: Callable, *arguments):
    """What work(connection, *arguments) returns: one transaction, which must be harmless to repeat."""
    give_up, pause = time.monotonic() + DEADLINE_S, 0.05
    while True:
        try:
            with pool.begin() as conn:
                return work(conn, *arguments)
        except DBAPIError as error:
            if not passing(error.orig) or time.monotonic() > give_up:
                raise
            ledger.retried(error.orig.sqlstate, error.orig)
        pool.dispose()  # the pool's other connections lead to the same old primary
        time.sleep(pause * chance.uniform(0.5, 1.5))  # differs, so that clients do not come back all at once
        pause = min(2 * pause, 1)


def passing(error: psycopg.Error) -> bool:
    """Whether the same work may succeed a little later. error: what SQLAlchemy keeps as orig. psycopg's InternalError
    has no code where a farewell of the server and one of the pool arrive together: more answers than questions."""
    failed = isinstance(error, psycopg.OperationalError | psycopg.InternalError)
    lost = failed and (error.sqlstate or "08").startswith("08")
    return error.sqlstate in PASSING or (lost and not HOPELESS.search(str(error)))


def store(conn, result: Result) -> None:
    """A result; the values of a repetition are the same."""
    row = insert(results).values(camera_id=result.camera, zone_id=0, timestamp=result.at, count_in=result.count)
    same = ["camera_id", "zone_id", "timestamp"]
    conn.execute(row.on_conflict_do_update(index_elements=same, set_={"count_in": row.excluded.count_in}))


def main() -> int:
    """Writes, reads, reports, and compares what was acknowledged with what is stored."""
    ingest = engine("ingest")
    while result := ledger.new():
        run(ingest, store, result)
        ledger.acknowledge(result)
        time.sleep(PACE_S)
    try:
        for name in ("read", "analytics"):
            ledger.answered(name, *run(engine(name), lambda conn: conn.execute(report).one()))
    except InternalError as error:  # a group lost its replica: reports wait, and never slow ingest
        print("analytics: not now:", error.orig)
    return ledger.verdict(run(engine("write"), lambda conn: conn.execute(stored).all()), columns=3)


if __name__ == "__main__":
    sys.exit(main())
