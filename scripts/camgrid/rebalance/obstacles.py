"""What stands in the way of moving shards, each with what to do about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import psycopg

from camgrid import queries
from camgrid.finding import Finding
from camgrid.rebalance import disk
from camgrid.rebalance.job import Job
from camgrid.rebalance.plan import Move
from camgrid.units import size

# Citus refuses a move that would leave less (citus.desired_percent_disk_available_after_move).
RESERVE_PERCENT = 10
# A move begins with a replication slot, which waits for every transaction that runs on its source.
LONG_TRANSACTION = "1 minute"


def of_database(conn: psycopg.Connection, job: Job | None) -> Iterator[Finding]:
    """Obstacles that the coordinator knows of. job: the last rebalance."""
    if job and not job.ended:
        text = f"a rebalance {'is held' if job.held else 'runs already'} as job {job.id}"
        yield Finding(text, "coordinator", "camgrid rebalance watch, or: camgrid rebalance stop")
    else:
        for (what,) in conn.execute(queries.text("shard_moves")):
            yield Finding(what, "coordinator", "wait for it: camgrid shards isolate, or Citus itself, is at work")
    for (table,) in conn.execute(queries.text("tables_without_identity")):
        step = f"ALTER TABLE {table} ADD PRIMARY KEY (camera_id, …): until then nothing of its colocation group moves"
        yield Finding("has no primary key", f"table {table}", step)
    yield from _settings(conn)
    yield from _prepared(conn)


def _settings(conn: psycopg.Connection) -> Iterator[Finding]:
    for name, wanted in (("wal_level", "logical"), ("output_plugin_libraries", "citus")):
        row = conn.execute("SELECT current_setting(%s, true)", (name,)).fetchone()
        if row[0] is not None and wanted not in row[0]:
            yield Finding(f"{name} is {row[0]!r} without {wanted!r}", "coordinator", "playbooks/site.yml sets it")


def _prepared(conn: psycopg.Connection) -> Iterator[Finding]:
    query = f"""
        SELECT format('prepared transaction %s of %s is left', gid, date_trunc('second', prepared)) AS what
        FROM pg_prepared_xacts WHERE prepared < now() - interval '{LONG_TRANSACTION}'
    """  # noqa: S608  the interval is a constant
    for node, what in _of_workers(conn, query):
        step = "SELECT recover_prepared_transactions() on the coordinator"
        yield Finding(f"{what}: a move waits for it", node, step)


def delays(conn: psycopg.Connection) -> Iterator[Finding]:
    """Transactions that run for long now on workers: they end by themselves, and until then a move waits."""
    query = f"""
        SELECT format('session %s of %s has a transaction of %s', pid, usename,
            date_trunc('second', now() - xact_start)) AS what
        FROM pg_stat_activity
        WHERE xact_start < now() - interval '{LONG_TRANSACTION}' AND backend_type = 'client backend'
            AND backend_xid IS NOT NULL AND datname = current_database()
    """  # noqa: S608  the interval is a constant
    for node, what in _of_workers(conn, query):
        yield Finding(
            f"{what}: a move waits for it", node, "it ends by itself, or SELECT pg_terminate_backend(…) there"
        )


def _of_workers(conn: psycopg.Connection, query: str) -> list[tuple[str, str]]:
    """Node and what the query tells there, of each group's primary. A node that does not answer tells nothing."""
    return conn.execute(
        """
        SELECT n.node_name, a.answer ->> 'what'
        FROM camgrid.known_nodes() AS n CROSS JOIN LATERAL camgrid.ask_node(n.node_name, %s) AS a
        WHERE n.is_primary AND n.citus_group > 0 AND a.reason IS NULL
        ORDER BY 1, 2
        """,
        (query,),
    ).fetchall()


def of_disks(disks: Iterable[disk.Disk], moves: Iterable[Move]) -> Iterator[Finding]:
    """Members of target groups that have too little room for what is to come. What leaves them is not counted on."""
    incoming: dict[int, int] = defaultdict(int)
    for move in moves:
        incoming[move.target] += move.bytes
    for each in disks:
        if each.group not in incoming:
            continue
        if each.reason is not None:
            yield Finding(f"does not say how much disk it has free: {each.reason}", each.node, "camgrid status")
        elif each.free - incoming[each.group] < each.total * RESERVE_PERCENT / 100:
            text = (
                f"{size(incoming[each.group])} would come, {size(each.free)} of {size(each.total)} are free,"
                f" and {RESERVE_PERCENT} % must stay so"
            )
            yield Finding(text, each.node, "give it more disk, or add another worker group")
