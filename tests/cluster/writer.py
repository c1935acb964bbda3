"""A writer through an endpoint, which sends each row twice at most and remembers what was acknowledged."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

import psycopg

from camgrid import endpoints
from tests.cluster.support import Cluster

# Cameras that no other test writes to; enough of them that every shard gets some.
CAMERAS = range(940_000, 940_128)
# How long a planned switchover may take. A client that waits as long before its only retry meets the new primary.
PATIENCE_S = 4
# An update waits for the replica, also for what a first attempt left behind; see docs/applications.md.
INSERT = """
    INSERT INTO counting_results (camera_id, zone_id, "timestamp", count_in) VALUES (%s, 1, %s, 1)
    ON CONFLICT (camera_id, zone_id, "timestamp") DO UPDATE SET count_in = excluded.count_in
"""


class Writer:
    """Writes while the block runs. failed: errors of second attempts; longest: seconds that one row took."""

    def __init__(self, cluster: Cluster, endpoint: str) -> None:
        self.cluster = cluster
        self.wanted = endpoints.parameters(cluster.inventory, cluster.topology, "writer", endpoint)
        self.acknowledged: list[tuple[int, datetime]] = []
        self.failed: list[str] = []
        self.retried, self.longest = 0, 0.0
        self._stop, self._thread = threading.Event(), threading.Thread(target=self._write)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        self._thread.join()

    def missing(self) -> list[tuple[int, datetime]]:
        """Acknowledged rows that are not in the database."""
        query = 'SELECT camera_id, "timestamp" FROM counting_results WHERE camera_id BETWEEN %s AND %s'
        stored = set(self.cluster.rows(query, CAMERAS[0], CAMERAS[-1]))
        return [row for row in self.acknowledged if row not in stored]

    def _write(self) -> None:
        conn, number = None, 0
        while not self._stop.is_set():
            row = (CAMERAS[number % len(CAMERAS)], datetime.now(UTC))
            began, number = time.monotonic(), number + 1
            try:
                conn = self._send(conn, row)
            except psycopg.Error:
                self.retried += 1
                self._stop.wait(PATIENCE_S)
                try:
                    conn = self._send(None, row)
                except psycopg.Error as error:
                    self.failed.append(f"{type(error).__name__}: {error}")
                    conn = None
                    continue
            self.acknowledged.append(row)
            self.longest = max(self.longest, time.monotonic() - began)

    def _send(self, conn: psycopg.Connection | None, row: tuple[int, datetime]) -> psycopg.Connection:
        """Sends a row over conn, or over a new connection. Returns the one to use next."""
        if conn is None or conn.closed:
            conn = psycopg.connect(**self.wanted, autocommit=True)
        conn.execute(INSERT, row)
        return conn
