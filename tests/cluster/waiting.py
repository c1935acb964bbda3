"""Waiting for what a test needs to be true."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg

from tests.cluster.support import Cluster


def until(wanted: Callable[[], Any], seconds: float = 60) -> Any:
    """Asks again until the answer is true, and returns it; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (answer := wanted()) and time.monotonic() < deadline:
        time.sleep(0.3)
    assert answer
    return answer


def roll_up(conn: psycopg.Connection) -> None:
    """Brings the rollups up to date, on a new cluster also with what was stored before they were there."""

    def complete() -> bool:
        conn.execute("CALL camgrid.refresh_rollups()")
        return conn.execute("SELECT complete_since IS NULL FROM camgrid.rollup_health()").fetchone()[0]

    until(complete, 300)


def settle(cluster: Cluster) -> None:
    """Waits until `camgrid check` finds nothing wrong; fails with what it says when that takes too long."""
    deadline = time.monotonic() + 90
    while (said := cluster.camgrid("check").stdout) and time.monotonic() < deadline:
        time.sleep(1)
    assert said == ""
