"""Row counts and checksums of the tables that cameras write to, shard by shard."""

from __future__ import annotations

import psycopg

# What is kept from them, such as rollups, is made again by jobs; it is no sign of what was restored.
TABLES = ("cameras", "counting_results", "camera_events")
# Any change of a row changes its hash, and the order of rows does not matter.
SUM = "SELECT count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {} AS t"

Checksums = dict[str, dict[str, list[str]]]


def take(conn: psycopg.Connection) -> Checksums:
    """Table → shard → [rows, checksum]; a table that is not distributed is one shard, named after it.

    There is no snapshot over all nodes: while cameras write, shards are summed one after the other.
    """
    distributed = _distributed(conn)
    found: Checksums = {}
    for table in TABLES:
        name = f"camgrid.{table}"
        if table in distributed:
            # The parent's shard has the months' shards as its partitions.
            query = "SELECT shardid, success, result FROM run_command_on_shards(%s, %s) ORDER BY shardid"
            shards = conn.execute(query, (name, SUM.format("%s"))).fetchall()
            failed = [result for _, success, result in shards if not success]
            if failed:
                raise psycopg.OperationalError(f"the shards of {table} cannot be summed: {failed[0]}")
            found[table] = {str(shard): result.split() for shard, _, result in shards}
        else:
            found[table] = {table: conn.execute(SUM.format(name)).fetchone()[0].split()}
    return found


def differences(before: Checksums, after: Checksums) -> list[str]:
    """What is not the same, one line a shard."""
    lines = []
    for table in sorted(before.keys() | after.keys()):
        was, now = before.get(table, {}), after.get(table, {})
        for shard in sorted(was.keys() | now.keys()):
            if was.get(shard) != now.get(shard):
                told = [
                    f"{pair[0]} rows ({pair[1]})" if pair else "not there" for pair in (was.get(shard), now.get(shard))
                ]
                lines.append(f"{table}, shard {shard}: {told[0]} before, {told[1]} now")
    return lines


def rows(sums: Checksums) -> dict[str, int]:
    """Table → how many rows it has."""
    return {table: sum(int(count) for count, _ in shards.values()) for table, shards in sums.items()}


def _distributed(conn: psycopg.Connection) -> set[str]:
    if not conn.execute("SELECT FROM pg_extension WHERE extname = 'citus'").rowcount:
        return set()
    query = """
        SELECT c.relname FROM pg_dist_partition AS p JOIN pg_class AS c ON c.oid = p.logicalrelid
        WHERE p.partmethod = 'h' AND c.relnamespace = 'camgrid'::regnamespace
    """
    return {name for (name,) in conn.execute(query)}
