"""Runs the tasks of a query, one for each shard, each by itself at the node that holds the shard."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Event
from typing import Any

import psycopg

from camgrid.errors import CamgridError
from camgrid.query.deadline import cut
from camgrid.query.run import begin, bounded

# How many nodes work at once.
PARALLEL = 8


@dataclass(frozen=True)
class Shard:
    """A task and how it went. shard_id: None for what one node answers by itself.

    rows: that the node sends to the coordinator; milliseconds: planning and running it there; error: why not.
    """

    shard_id: int | None
    node: str
    citus_group: int
    rows: int | None = None
    milliseconds: float | None = None
    error: str | None = None
    port: int = 5432
    text: str = ""

    def as_json(self) -> dict[str, Any]:
        """What is shown of it."""
        return {name: value for name, value in vars(self).items() if name not in ("port", "text")}


def slowest_first(found: Iterable[Shard]) -> list[Shard]:
    """Those that never ran, then the slowest, then by number."""
    return sorted(found, key=lambda shard: (-(shard.milliseconds or float("inf")), shard.shard_id or 0))


def run(found: Sequence[Shard], connect: Callable[[Shard], psycopg.Connection], timeout: int) -> list[Shard]:
    """Runs tasks, those of one node one after the other, several nodes at once. Slowest first, then by number.

    connect: opens a connection to a task's node, with camgrid's errors; timeout: seconds for each task.
    """
    nodes: dict[str, list[Shard]] = {}
    for shard in found:
        nodes.setdefault(shard.node, []).append(shard)
    stop, open_now = Event(), []
    with ThreadPoolExecutor(min(PARALLEL, len(nodes))) as pool:
        waiting = [pool.submit(_at_node, shards, connect, timeout, stop, open_now) for shards in nodes.values()]
        try:
            done = [shard for each in waiting for shard in each.result()]
        except BaseException:
            stop.set()
            for connection in open_now:
                cut(connection)
            raise
    return slowest_first(done)


def _at_node(
    shards: list[Shard],
    connect: Callable[[Shard], psycopg.Connection],
    timeout: int,
    stop: Event,
    open_now: list[psycopg.Connection],
) -> list[Shard]:
    """The tasks of one node. A node that cannot be reached is not waited for once for each of its shards."""
    done: list[Shard] = []
    connection, refused = None, ""
    for shard in shards:
        if stop.is_set():
            break
        if not refused and (connection is None or connection.closed):
            try:
                connection = connect(shard)
                open_now.append(connection)
            except CamgridError as error:
                refused = _brief(error)
        done.append(replace(shard, error=refused) if refused else _one(connection, shard, timeout))
    if connection is not None:
        connection.close()
    return done


def _one(connection: psycopg.Connection, shard: Shard, timeout: int) -> Shard:
    started = time.monotonic()
    try:
        with bounded(connection, shard.text, timeout):
            begin(connection, timeout, read_only=True)
            # The rows are made and counted where they are, and not sent.
            query = f"EXPLAIN (ANALYZE, TIMING OFF, SERIALIZE TEXT, FORMAT JSON)\n{shard.text}"
            (plan,) = connection.execute(query).fetchone()[0]
            connection.rollback()
    except CamgridError as error:
        if not connection.closed:
            connection.rollback()
        took = round((time.monotonic() - started) * 1000, 1)
        return replace(shard, milliseconds=took, error=_brief(error))
    took = plan["Planning Time"] + plan["Execution Time"]
    return replace(shard, rows=int(plan["Plan"]["Actual Rows"]), milliseconds=round(took, 1))


def _brief(error: CamgridError) -> str:
    return error.what.split("\n")[0]
