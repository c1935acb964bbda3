"""Gives one camera a shard of its own, step by step; a run that was ended half way is gone on with by the next."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg

from camgrid.errors import CamgridError
from camgrid.shards import ready
from camgrid.shards.look import look
from camgrid.shards.plan import Plan, make
from camgrid.shards.watch import watched

_SPLIT = """
    SELECT isolate_tenant_to_new_shard(
        'camgrid.counting_results', %s::integer, 'CASCADE', shard_transfer_mode => 'auto'
    )
"""
_MOVE = "SELECT citus_move_shard_placement(%s, %s, %s, 'auto')"
# Both are their own transactions on several nodes: nothing of ours may be around them.
_WHERE = """
    SELECT s.shardid, p.groupid, s.shardminvalue = s.shardmaxvalue
    FROM pg_dist_shard AS s JOIN pg_dist_placement AS p USING (shardid)
    WHERE s.logicalrelid = 'camgrid.counting_results'::regclass
    AND worker_hash(%s::integer) BETWEEN s.shardminvalue::integer AND s.shardmaxvalue::integer
"""


def isolate(app: Any, plan: Plan, say: Callable[[str], None]) -> dict[str, Any]:
    """Does what the plan says and returns where the camera is then: shard_id, citus_group, bytes and seconds.

    Each step is atomic: when Citus refuses or the caller interrupts it, what it copied is dropped again. Raises
    CamgridError, or KeyboardInterrupt after having said where the camera stands.
    """
    started = time.monotonic()
    try:
        with app.connect("admin", autocommit=True) as conn:
            groups = [plan.source.citus_group, plan.target.citus_group]
            with watched(app, conn.info.backend_pid, groups, f"camera {plan.camera_id}", say):
                if plan.splits:
                    say(f"splitting shard {plan.shard.shard_id} …")
                    conn.execute(_SPLIT, (plan.camera_id,))
                if plan.moves:
                    _move(conn, plan, say)
            found = look(conn).shard(where(conn, plan.camera_id)[0])
    except KeyboardInterrupt:
        say(f"interrupted; {standing(app, plan)}")
        raise
    except psycopg.Error as error:
        text = str(error).strip().splitlines()
        what = f"{text[0]} ({'; '.join(text[1:])})" if text[1:] else text[0]
        raise CamgridError(what, where="coordinator", hint=f"{standing(app, plan)}; then run the same again") from error
    return {
        "camera_id": plan.camera_id,
        "shard_id": found.shard_id,
        "citus_group": found.citus_group,
        "bytes": found.bytes,
        "seconds": round(time.monotonic() - started, 1),
    }


def where(conn: psycopg.Connection, camera_id: int) -> tuple[int, int, bool]:
    """A camera's shard, that shard's group, and whether no other camera can be in it."""
    return conn.execute(_WHERE, (camera_id,)).fetchone()


def standing(app: Any, plan: Plan) -> str:
    """How far a plan that was not finished is: asked of the cluster, on a connection of its own."""
    try:
        with app.connect("admin", autocommit=True) as conn:
            shard, group, isolated = where(conn, plan.camera_id)
    except (CamgridError, psycopg.Error) as error:
        return f"whether something was changed is not known, nobody answers: {str(error).splitlines()[0]}"
    if not isolated:
        return f"nothing was changed: camera {plan.camera_id} shares shard {shard} in group {group}"
    if group != plan.target.citus_group:
        wanted = plan.target.citus_group
        return f"camera {plan.camera_id} has shard {shard} of its own in group {group}, not yet moved to {wanted}"
    return f"all is done: camera {plan.camera_id} has shard {shard} of its own in group {group}"


def _move(conn: psycopg.Connection, plan: Plan, say: Callable[[str], None]) -> None:
    """Moves the camera's shard, whose bytes are known now that it is split."""
    now = make(conn, look(conn), plan.camera_id, plan.target.citus_group)
    ready.refuse_crowding(ready.readiness(conn), now)
    say(f"moving shard {now.shard.shard_id} from group {now.source.citus_group} to {now.target.citus_group} …")
    conn.execute(_MOVE, (now.shard.shard_id, now.source.node_id, now.target.node_id))
