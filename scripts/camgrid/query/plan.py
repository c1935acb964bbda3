"""What Citus makes of a query: the tasks in its plan, and the shard that each is for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg

from camgrid.errors import UsageError
from camgrid.query import statement
from camgrid.query.run import begin, bounded, described
from camgrid.query.shards import Shard, slowest_first

_SHARDS = """
    SELECT s.shardid, s.logicalrelid::regclass::text, n.nodename, n.nodeport, p.groupid, t.partmethod = 'n'
    FROM pg_dist_shard AS s
    JOIN pg_dist_partition AS t USING (logicalrelid)
    JOIN pg_dist_placement AS p USING (shardid)
    JOIN pg_dist_node AS n ON n.groupid = p.groupid AND n.noderole = 'primary'
    WHERE s.shardid = ANY(%s)
    ORDER BY p.groupid DESC
"""
# How Citus names a table's shard.
_NAMES = re.compile(r"(\w+)_(\d{1,18})\b")


class StepsError(Exception):
    """Tasks need what others compute first, so that they cannot be run one by one."""


def tasks(connection: psycopg.Connection, text: str, timeout: int) -> list[Shard]:
    """The tasks of a query, not run yet; one without a shard_id when one node answers by itself.

    connection: to the coordinator. UsageError when it is no query; StepsError: then `together` measures it.
    """
    if not statement.reads(text):
        raise UsageError("only a SELECT can be run shard by shard", hint="run it without --per-shard")
    with bounded(connection, text, timeout):
        begin(connection, timeout, read_only=True)
        described(connection, text)
        # Of nodes that do not answer the plan has the tasks as well.
        jobs = list(_jobs(_explained(connection, text, "VERBOSE")))
        if len(jobs) > 1 or any("Dependent Jobs" in job for job in jobs):
            raise StepsError
        found = _shards(connection, [task["Query"] for job in jobs for task in job.get("Tasks", ())])
    here = connection.info
    return found or [Shard(None, here.host, 0, port=here.port, text=text)]


def together(connection: psycopg.Connection, text: str, timeout: int) -> list[Shard]:
    """Runs a query as a whole and gives what each shard did in all of its tasks, slowest first.

    The shards work at once, so each is slower than by itself, and one that fails ends it all, with camgrid's error.
    """
    connection.rollback()
    with bounded(connection, text, timeout):
        begin(connection, timeout, read_only=True)
        plan = _explained(connection, text, "ANALYZE, VERBOSE, TIMING OFF")
        done: dict[int, Shard] = {}
        for job in _jobs(plan, with_steps=True):
            for task in job.get("Tasks", ()):
                ((remote,),) = task["Remote Plan"]
                for shard in _shards(connection, [task["Query"]]):
                    before = done.get(shard.shard_id, replace(shard, rows=0, milliseconds=0))
                    took = before.milliseconds + remote["Planning Time"] + remote["Execution Time"]
                    rows = before.rows + int(remote["Plan"]["Actual Rows"])
                    done[shard.shard_id] = replace(before, rows=rows, milliseconds=round(took, 1))
    return slowest_first(done.values())


def _explained(connection: psycopg.Connection, text: str, options: str) -> Any:
    connection.execute("SET LOCAL citus.explain_all_tasks = on")
    return connection.execute(f"EXPLAIN ({options}, COSTS OFF, FORMAT JSON)\n{text}").fetchone()[0]


def _jobs(plan: Any, *, with_steps: bool = False) -> Iterator[dict[str, Any]]:
    """What Citus hands out to nodes, wherever it is in a plan. StepsError when it waits for steps before it."""
    if isinstance(plan, dict):
        if "Distributed Query" in plan:
            query = plan["Distributed Query"]
            if "Subplans" in query and not with_steps:
                raise StepsError
            yield query["Job"]
            yield from _jobs(query.get("Subplans"), with_steps=with_steps)
        else:
            yield from (job for value in plan.values() for job in _jobs(value, with_steps=with_steps))
    elif isinstance(plan, list):
        yield from (job for value in plan for job in _jobs(value, with_steps=with_steps))


def _shards(connection: psycopg.Connection, queries: list[str]) -> list[Shard]:
    """The shards of tasks; a task that reads no table has none."""
    if not queries:  # also without Citus, whose catalogs are not there to be asked
        return []
    numbers = {int(number) for query in queries for _, number in _NAMES.findall(query)}
    places = {row[0]: row for row in connection.execute(_SHARDS, (list(numbers),))}
    return [shard for query in queries if (shard := _shard(query, places))]


def _shard(query: str, places: dict[int, tuple]) -> Shard | None:
    """The shard that a task's query names: table_shardid, as Citus writes it. That of a reference table comes last."""
    named = [(places[int(number)], table) for table, number in _NAMES.findall(query) if int(number) in places]
    of_tables = [row for row, table in named if row[1].rpartition(".")[2].strip('"') == table]
    if not of_tables:
        return None
    shard_id, _, node, port, group, _ = min(of_tables, key=lambda row: row[-1])
    return Shard(shard_id, node, group, port=port, text=query)
