"""Clients that connect anew for everything they do, with login and password as the vault has them at that moment."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import psycopg

from camgrid import endpoints
from camgrid.chaos.ground import CAMERAS
from camgrid.chaos.ledger import Ledger
from tests.cluster.support import MEASURED, Cluster


class Newcomer(threading.Thread):
    """One of them. done: how often it succeeded; failed: what it saw instead."""

    def __init__(self, cluster: Cluster, role: str, endpoint: str, query: str) -> None:
        super().__init__(name=f"{role} at {endpoint}", daemon=True)
        self._cluster, self._role, self._endpoint, self._query = cluster, role, endpoint, query
        self.done, self.failed = 0, []
        self._ending = threading.Event()

    def run(self) -> None:
        while not self._ending.wait(0.2):
            try:
                wanted = endpoints.parameters(
                    self._cluster.inventory, self._cluster.topology, self._role, self._endpoint
                )
                with psycopg.connect(**wanted, autocommit=True) as conn:
                    conn.execute(self._query, {"camera": CAMERAS[0], "now": datetime.now(UTC)})
                self.done += 1
            except Exception as error:  # noqa: BLE001 - whatever it is, a client would have seen it
                self.failed.append(f"{datetime.now(UTC):%H:%M:%S} {self.name}: {error}")

    def end(self) -> None:
        self._ending.set()
        self.join(60)


def all_of(cluster: Cluster) -> list[Newcomer]:
    """One for each endpoint, not yet started."""
    store = "INSERT INTO counting_results (camera_id, zone_id, timestamp, count_in) VALUES (%(camera)s, 99, %(now)s, 1)"
    ask = "SELECT max(timestamp) FROM counting_results WHERE camera_id = %(camera)s"
    return [
        Newcomer(cluster, "writer", "ingest", store),
        Newcomer(cluster, "writer", "write", store),
        Newcomer(cluster, "reader", "read", ask),
        Newcomer(cluster, "reporter", "analytics", ask),
    ]


def counted(newcomers: list[Newcomer], ledger: Ledger | None = None) -> None:
    """No query failed; how many there were is shown."""
    failed = [each for client in newcomers for each in client.failed]
    MEASURED.append(
        f"{sum(client.done for client in newcomers)} connections were made anew and {len(failed)} failed"
        + (
            f"; of {len(ledger.acknowledged)} writes over lasting ones {sum(ledger.errors.values())} failed"
            if ledger
            else ""
        )
    )
    assert failed == [], failed[:5]
    assert all(client.done > 10 for client in newcomers)
    if ledger:
        assert dict(ledger.errors) == {}
