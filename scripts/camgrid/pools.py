"""Pools of a look, one sum for each host."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass
class Pool:
    """Of all database users together: clients, connections in use (active) of those there are (total), clients that
    wait, and how long the first of them does, in seconds. silent: it does not answer."""

    clients: int = 0
    active: int = 0
    total: int = 0
    waiting: int = 0
    longest_s: int = 0
    silent: bool = False


def by_host(rows: Iterable[dict[str, Any]]) -> dict[str, Pool]:
    """Host → its pool. rows: those of monitor_connection_pools(), each with its host."""
    found: dict[str, Pool] = {}
    for row in rows:
        pool = found.setdefault(row["host"], Pool())
        if row["reason"]:
            pool.silent = True
            continue
        pool.clients += row["clients"]
        pool.active += row["active_connections"]
        pool.total += row["total_connections"]
        pool.waiting += row["waiting_connections"]
        pool.longest_s = max(pool.longest_s, row["longest_wait_seconds"])
    return found
