#!/usr/bin/env python3
"""Results and their events written, read and reported with psycopg 3. Usage: with_psycopg.py [SECONDS [CAMERA]]

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

WRITER, READER, REPORTER = "camgrid_writer", "camgrid_reader", "camgrid_reporter"
ENDPOINTS = {"write": (5000, WRITER), "ingest": (5001, WRITER), "read": (5002, READER), "analytics": (5003, REPORTER)}
# A server that stops or starts, a primary that became a replica, two writers in each other's way, a full server.
PASSING = {"57P01", "57P02", "57P03", "25006", "40001", "40P01", "53300"}
# What comes without a code from libpq or as 08P01 from the pool, and stays wrong however often it is tried.
HOPELESS = re.compile("authentication failed|certificate|no such|unsupported|query_timeout")
DEADLINE_S = 60  # a lost host is replaced within half of it
chance = SystemRandom()
ledger = Ledger(*map(int, sys.argv[1:]))

RESULT = """
    INSERT INTO counting_results (camera_id, "timestamp", count_in) VALUES (%s, %s, %s)
    ON CONFLICT (camera_id, zone_id, "timestamp") DO UPDATE SET count_in = excluded.count_in"""
EVENT = """
    INSERT INTO camera_events (camera_id, "timestamp", id, event_type) VALUES (%s, %s, %s, 'motion')
    ON CONFLICT DO NOTHING"""
REPORT = """
    SELECT count(*), sum(count_in), max("timestamp") FROM counting_results
    WHERE camera_id = ANY(%s) AND "timestamp" >= %s"""
STORED = """
    SELECT r.camera_id, r."timestamp", r.count_in, e.id
    FROM counting_results AS r LEFT JOIN camera_events AS e USING (camera_id, "timestamp")
    WHERE r.camera_id = ANY(%s) AND r."timestamp" >= %s"""


class Endpoint:
    """A connection to an endpoint, made anew when it breaks; a thread has its own."""

    def __init__(self, name: str) -> None:
        self.name, self.conn = name, None

    def run(self, work: Callable, *arguments):
        """What work(connection, *arguments) returns: one transaction, which must be harmless to repeat."""
        give_up, pause = time.monotonic() + DEADLINE_S, 0.05
        while True:
            try:
                self.conn = self.conn or connect(self.name)
                with self.conn.transaction():
                    return work(self.conn, *arguments)
            except psycopg.Error as error:
                if not passing(error) or time.monotonic() > give_up:
                    raise
                ledger.retried(error.sqlstate, error)
            if self.conn:
                self.conn.close()  # the next one finds the new primary
                self.conn = None
            time.sleep(pause * chance.uniform(0.5, 1.5))  # differs, so that clients do not come back all at once
            pause = min(2 * pause, 1)


def connect(endpoint: str) -> psycopg.Connection:
    """A connection through any proxy of PGHOST, the next one where a proxy is silent for seconds."""
    port, user = ENDPOINTS[endpoint]
    return psycopg.connect(
        port=port, user=user, dbname="camgrid", sslmode="verify-full", load_balance_hosts="random", connect_timeout=3,
        tcp_user_timeout=5000, keepalives_idle=5, keepalives_interval=2, keepalives_count=3, autocommit=True,
    )  # fmt: skip


def passing(error: psycopg.Error) -> bool:
    """Whether the same work may succeed a little later. psycopg's InternalError has no code where a farewell of the
    server and one of the pool arrive together: more answers than questions."""
    failed = isinstance(error, psycopg.OperationalError | psycopg.InternalError)
    lost = failed and (error.sqlstate or "08").startswith("08")
    return error.sqlstate in PASSING or (lost and not HOPELESS.search(str(error)))


def store(conn: psycopg.Connection, result: Result) -> None:
    """A result and its event: both, or neither."""
    conn.execute(RESULT, (result.camera, result.at, result.count))
    conn.execute(EVENT, (result.camera, result.at, result.event))


def main() -> int:
    """Writes, reads, reports, and compares what was acknowledged with what is stored."""
    ingest, mine = Endpoint("ingest"), (ledger.cameras, ledger.started)
    while result := ledger.new():
        ingest.run(store, result)
        ledger.acknowledge(result)
        time.sleep(PACE_S)
    try:
        for name in ("read", "analytics"):
            ledger.answered(name, *Endpoint(name).run(lambda conn: conn.execute(REPORT, mine).fetchone()))
    except psycopg.errors.InternalError_ as error:  # a group lost its replica: reports wait, and never slow ingest
        print("analytics: not now:", error)
    return ledger.verdict(Endpoint("write").run(lambda conn: conn.execute(STORED, mine).fetchall()), columns=4)


if __name__ == "__main__":
    sys.exit(main())
