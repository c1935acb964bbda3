"""Faults in the middle of a rebalance: whatever breaks, all shards end where they belong, once each, none left over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from camgrid.chaos.disk import small_disk
from camgrid.chaos.injections import Injection, Target
from camgrid.errors import CamgridError
from camgrid.rebalance import control, orphans
from camgrid.rebalance import job as jobs

# Shards that are to be moved: enough that some still are when the fault comes.
_MOVES = 4
# Until the first move copies; until all are done once the fault is undone, retries of Citus's included.
_BEGIN_S, _FINISH_S = 30, 180
_LOOK_S = 0.5


@contextmanager
def uneven(target: Target) -> Iterator[None]:
    """The group has given some shards to another, so that a rebalance by count moves them back to it."""
    with _coordinator(target) as conn:
        mine = target.group or 1
        (other,) = conn.execute(
            "SELECT min(groupid) FROM pg_dist_node WHERE groupid NOT IN (0, %s)", (mine,)
        ).fetchone()
        for (shard,) in conn.execute(
            """
            SELECT s.shardid FROM pg_dist_shard AS s JOIN pg_dist_placement AS p USING (shardid)
            WHERE s.logicalrelid = 'camgrid.counting_results'::regclass AND p.groupid = %s ORDER BY 1 LIMIT %s
            """,
            (mine, _MOVES),
        ).fetchall():
            conn.execute(
                """
                SELECT citus_move_shard_placement(
                    %s, source.nodename, source.nodeport, target.nodename, target.nodeport
                )
                FROM pg_dist_node AS source, pg_dist_node AS target
                WHERE source.groupid = %s AND target.groupid = %s
                    AND source.noderole = 'primary' AND target.noderole = 'primary'
                """,
                (shard, mine, other),
            )
    yield


@contextmanager
def uneven_on_a_small_disk(target: Target) -> Iterator[None]:
    """Both at once; the small disk first, as another member leads the group then."""
    with small_disk(target), uneven(target):
        yield


def while_moving(inject: Injection) -> Injection:
    """The fault, as soon as a move is under way; afterwards the rebalance is brought to its end as operators would."""

    @contextmanager
    def injected(target: Target) -> Iterator[None]:
        with _coordinator(target) as conn:
            if control.start(conn, "count") is None:
                raise CamgridError("there is nothing to move, so nothing can be disturbed")
            _wait_for_a_copy(conn)
        with inject(target):
            yield
        _finish(target)

    return injected


def _wait_for_a_copy(conn: psycopg.Connection) -> None:
    deadline = time.monotonic() + _BEGIN_S
    while not any(task.running and task.phase for task in jobs.last(conn).tasks):
        if time.monotonic() > deadline:
            raise CamgridError(f"no move has begun within {_BEGIN_S} s", hint="camgrid rebalance watch --once")
        time.sleep(_LOOK_S / 5)


def _finish(target: Target) -> None:
    """Goes on until nothing is left to move. CamgridError when that does not come to be, or something is left over."""
    deadline = time.monotonic() + _FINISH_S
    said = ""
    while time.monotonic() < deadline:
        try:
            with _coordinator(target) as conn:
                said = _go_on(conn)
                if not said:
                    return
        except (psycopg.Error, CamgridError) as error:
            said = str(error)
        time.sleep(4 * _LOOK_S)
    raise CamgridError(f"the rebalance has not come to a good end within {_FINISH_S} s: {said}")


def _go_on(conn: psycopg.Connection) -> str:
    """Does what an operator would next. Returns what is wrong still, "" when all is done."""
    job = jobs.last(conn)
    if not job.ended:
        if any(task.retries for task in job.tasks if task.waiting):
            control.release(conn, job.id)
        return job.summary
    if control.start(conn, "count") is not None:
        return f"{job.summary}; begun anew"
    left = control.clean(conn)
    lost = orphans.find(conn)
    if left or lost:
        return f"{left} things are on Citus's list still, {len(lost)} shards are orphans: {lost[:3]}"
    return ""


def _coordinator(target: Target) -> psycopg.Connection:
    return target.ground.app.connect("admin", autocommit=True)
