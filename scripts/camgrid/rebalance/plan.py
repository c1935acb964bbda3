"""What a rebalance would move, how long that would take, and what it leads to. Changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from camgrid import queries
from camgrid.finding import Finding
from camgrid.rebalance.layout import Balance, Layout, ShardGroup, look

Connection = psycopg.Connection
# What evens out → Citus's strategy.
STRATEGIES = {"size": "by_disk_size", "count": "by_shard_count"}
# Before any move was made: measured in a lab on two cores (docs/rebalancing.md); a host of its own is faster.
FIRST_RATE = 20 * 1024 * 1024
FIRST_OVERHEAD_S = 8.0


@dataclass(frozen=True)
class Move:
    """A shard group that goes from one worker group to another. seconds: an estimate."""

    shard: int
    bytes: int
    source: int
    target: int
    seconds: float = 0


@dataclass
class Plan:
    """Moves in the order in which they are made. estimated_from: where the estimate's rate comes from.

    obstacles keep it from being started, delays only make it wait.
    """

    by: str
    drain_only: bool
    moves: list[Move]
    before: list[Balance]
    after: list[Balance]
    seconds: float
    estimated_from: str
    obstacles: list[Finding] = field(default_factory=list)
    delays: list[Finding] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """Bytes that are moved in all."""
        return sum(move.bytes for move in self.moves)


@dataclass(frozen=True)
class Pace:
    """How fast moves go: bytes a second, and seconds that each takes beside its bytes."""

    rate: float
    overhead_s: float
    source: str


def make(conn: Connection, by: str, *, drain_only: bool = False, at_once: int = 1, load_seconds: float = 0) -> Plan:
    """The plan of a rebalance as Citus would make it. by: a key of STRATEGIES."""
    layout = look(conn, load_seconds)
    pace = measured_pace(conn, layout)
    rows = conn.execute(
        queries.text("rebalance_moves"), {"strategy": STRATEGIES[by], "drain_only": drain_only}
    ).fetchall()
    moves = joined(layout, rows, pace)
    target = {move.shard: move.target for move in moves}
    return Plan(
        by=by,
        drain_only=drain_only,
        moves=moves,
        before=layout.balances(),
        after=layout.balances(lambda each: target.get(each.shard, each.group)),
        seconds=duration(moves, at_once),
        estimated_from=pace.source,
    )


def joined(layout: Layout, rows: Iterable[tuple[int, int, int]], pace: Pace) -> list[Move]:
    """One move for each shard group, from Citus's one for each table's shard. rows: shard, source, target."""
    moves: dict[int, Move] = {}
    for shard, source, target in rows:
        whole = layout.of_shard(shard)
        if whole and whole.shard not in moves:
            seconds = pace.overhead_s + whole.bytes / pace.rate
            moves[whole.shard] = Move(whole.shard, whole.bytes, source, target, seconds)
    return list(moves.values())


def duration(moves: Iterable[Move], at_once: int) -> float:
    """Seconds for all of them. A worker takes part in at_once moves at a time, so the busiest one decides."""
    work: dict[int, float] = defaultdict(float)
    for move in moves:
        work[move.source] += move.seconds
        work[move.target] += move.seconds
    total = sum(move.seconds for move in moves)
    return total if at_once == 1 else max([total / at_once / 2, *(each / at_once for each in work.values())])


def measured_pace(conn: Connection, layout: Layout) -> Pace:
    """From the last rebalance that moved something, whose shards are about as large now; else a constant."""
    row = conn.execute("""
        SELECT j.job_id, extract(epoch FROM j.finished_at - j.started_at)::float,
            array_agg(substring(t.command FROM 'citus_move_shard_placement\\((\\d+)')::bigint)
        FROM pg_dist_background_job AS j JOIN pg_dist_background_task AS t USING (job_id)
        WHERE j.job_type = 'rebalance' AND j.state = 'finished' AND t.status = 'done'
            AND t.command ~ 'citus_move_shard_placement'
        GROUP BY j.job_id ORDER BY j.job_id DESC LIMIT 1
    """).fetchone()
    if row:
        job, seconds, shards = row
        wholes = [whole for whole in map(layout.of_shard, shards) if whole]
        return paced(f"the {len(wholes)} moves of job {job}", seconds, wholes) or _FIRST
    return _FIRST


def paced(source: str, seconds: float, moved: list[ShardGroup]) -> Pace | None:
    """The pace of moves that took seconds in all, one after the other. None where that tells nothing."""
    if not moved or seconds <= 0:
        return None
    # Small shards tell what a move costs by itself, large ones how fast bytes go; the former is known well enough.
    overhead = min(FIRST_OVERHEAD_S, seconds / len(moved) * 0.9)
    rate = sum(each.bytes for each in moved) / max(seconds - overhead * len(moved), 0.1)
    return Pace(max(rate, 1.0), overhead, source)


_FIRST = Pace(FIRST_RATE, FIRST_OVERHEAD_S, "a lab on two cores, as nothing was moved here yet")


def as_json(plan: Plan) -> dict[str, Any]:
    """Plain data; bytes and seconds."""
    from dataclasses import asdict

    return asdict(plan) | {"bytes": plan.bytes}
