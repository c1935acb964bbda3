"""Which worker group has which shards now, how large they are and how much is done with them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.rows import dict_row

from camgrid import queries
from camgrid.errors import UsageError

Connection = psycopg.Connection
# Seconds between the two looks that a load is measured with.
LOAD_SECONDS = 3.0

# Rows written and index searches begun, of every shard on a node; the name of its table ends with its id.
_COUNTERS = """
    SELECT json_object_agg(shard, operations) FROM (
        SELECT substring(relname FROM '_(\\d+)$')::bigint AS shard,
            sum(n_tup_ins + n_tup_upd + n_tup_del + coalesce(idx_scan, 0) + seq_scan) AS operations
        FROM pg_stat_user_tables WHERE relname ~ '_\\d{6,}$' GROUP BY 1
    ) AS counted
"""


@dataclass(frozen=True)
class ShardGroup:
    """Shards that move as one, on one worker group. shard: the lowest id among them; bytes: with their indexes."""

    shard: int
    colocation: int
    group: int
    tables: int
    bytes: int
    shards: tuple[int, ...]


@dataclass(frozen=True)
class Balance:
    """What a worker group holds. load: rows written and index searches a second, None where it was not measured."""

    group: int
    shards: int = 0
    bytes: int = 0
    load: float | None = None


@dataclass(frozen=True)
class Layout:
    """The worker groups that can hold shards, and where each shard group is. takes: groups that may be given shards."""

    groups: tuple[int, ...]
    takes: frozenset[int]
    shard_groups: tuple[ShardGroup, ...]
    load: dict[int, float] | None = None

    def of_shard(self, shard: int) -> ShardGroup | None:
        """The shard group that a shard belongs to."""
        return next((each for each in self.shard_groups if shard in each.shards), None)

    def balances(self, moved: Callable[[ShardGroup], int] = lambda each: each.group) -> list[Balance]:
        """What each group holds, or would hold. moved: shard group → the group that has it then."""
        found = {group: Balance(group, load=None if self.load is None else 0.0) for group in self.groups}
        for each in self.shard_groups:
            group = moved(each)
            before = found.setdefault(group, Balance(group))
            load = None if self.load is None else (before.load or 0.0) + self.load.get(each.shard, 0.0)
            found[group] = replace(before, shards=before.shards + 1, bytes=before.bytes + each.bytes, load=load)
        return [found[group] for group in sorted(found)]


def require_citus(conn: Connection) -> None:
    """UsageError in one line where there is nothing to move."""
    if not conn.execute("SELECT FROM pg_extension WHERE extname = 'citus'").rowcount:
        raise UsageError("nothing is sharded here, so there is nothing to move", hint="camgrid phase plan")


def look(conn: Connection, load_seconds: float = 0) -> Layout:
    """The layout now. load_seconds: how long to measure the load; 0 measures none."""
    primaries = _rows(
        conn,
        "SELECT DISTINCT groupid, shouldhaveshards FROM pg_dist_node WHERE noderole = 'primary' AND groupid > 0",
    )
    rows = _rows(conn, queries.text("shard_groups"))
    shard_groups = tuple(
        ShardGroup(r["shard"], r["colocation"], r["group"], r["tables"], r["bytes"], tuple(r["shards"])) for r in rows
    )
    load = _load(conn, shard_groups, load_seconds) if load_seconds else None
    return Layout(
        tuple(sorted(row["groupid"] for row in primaries)),
        frozenset(row["groupid"] for row in primaries if row["shouldhaveshards"]),
        shard_groups,
        load,
    )


def skew(values: Iterable[float]) -> float | None:
    """How much more than the average the fullest has: 1.0 is even. None where there is nothing to compare."""
    found = list(values)
    average = sum(found) / len(found) if found else 0
    return max(found) / average if average else None


def _load(conn: Connection, shard_groups: Iterable[ShardGroup], seconds: float) -> dict[int, float]:
    """Lowest shard id → operations a second. A shard that came or went between the looks has none."""
    before, started = _counters(conn), time.monotonic()
    time.sleep(seconds)
    after, elapsed = _counters(conn), time.monotonic() - started
    rates: dict[int, float] = defaultdict(float)
    for each in shard_groups:
        for shard in each.shards:
            if (each.group, shard) in before and (each.group, shard) in after:
                change = after[each.group, shard] - before[each.group, shard]
                rates[each.shard] += max(0, change) / elapsed
    return dict(rates)


def _counters(conn: Connection) -> dict[tuple[int, int], float]:
    query = """
        SELECT n.groupid, r.result::json AS counted FROM run_command_on_workers(%s) AS r
        JOIN pg_dist_node AS n ON n.nodename = r.nodename AND n.nodeport = r.nodeport
        WHERE r.success AND r.result <> ''
    """
    return {
        (row["groupid"], int(shard)): float(count)
        for row in _rows(conn, query, (_COUNTERS,))
        for shard, count in row["counted"].items()
    }


def _rows(conn: Connection, query: str, parameters: Any = None) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters).fetchall()
