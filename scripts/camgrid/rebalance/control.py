"""Starting, holding and stopping a rebalance. All of it is kept in Citus's catalogs, so it outlives this command."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg

from camgrid.errors import CamgridError
from camgrid.rebalance import job as jobs
from camgrid.rebalance.plan import STRATEGIES

Connection = psycopg.Connection
_LOOK_S = 1.0


def start(conn: Connection, by: str, *, drain_only: bool = False, at_once: int = 1) -> int | None:
    """Has Citus make the moves in the background. Returns the job's number, None when there is nothing to move."""
    try:
        query = """
            SELECT citus_rebalance_start(
                rebalance_strategy => %s, drain_only => %s, parallel_transfer_colocated_shards => %s
            )
        """
        row = conn.execute(query, (STRATEGIES[by], drain_only, at_once > 1)).fetchone()
    except psycopg.Error as error:
        raise CamgridError(
            f"Citus did not start it: {str(error).strip()}", where="coordinator", hint="camgrid rebalance plan"
        ) from error
    return row[0] or None


def hold(conn: Connection, job: int, tell: Callable[[jobs.Job], None]) -> None:
    """Lets the moves under way finish and begins no other; returns once none is under way.

    tell is called at every look. A move that fails meanwhile is held too, instead of being tried again.
    """
    while True:
        _set_not_before(conn, job, "infinity")
        now = jobs.last(conn)
        if now is None or now.id != job or not any(task.running for task in now.tasks):
            return
        tell(now)
        time.sleep(_LOOK_S)


def release(conn: Connection, job: int) -> None:
    """Lets the moves of a job that were held, or wait for their next try, begin now."""
    _set_not_before(conn, job, None)


def _set_not_before(conn: Connection, job: int, moment: str | None) -> None:
    # Citus itself keeps a failed move back by this column, and changes the table under this lock.
    with conn.transaction():
        conn.execute("LOCK TABLE pg_dist_background_task IN EXCLUSIVE MODE")
        conn.execute(
            """
            UPDATE pg_dist_background_task SET not_before = %s
            WHERE job_id = %s AND status IN ('runnable', 'blocked') AND not_before IS DISTINCT FROM %s::timestamptz
            """,
            (moment, job, moment),
        )


def stop(conn: Connection, job: int, seconds: float = 60) -> None:
    """Ends a rebalance now: moves under way are undone, those that are done stay. CamgridError when it does not end."""
    conn.execute("SELECT citus_job_cancel(%s)", (job,))
    deadline = time.monotonic() + seconds
    while True:
        now = jobs.last(conn)
        if now is None or now.id != job or now.ended:
            break
        if time.monotonic() > deadline:
            raise CamgridError(
                f"it has not ended within {seconds:.0f} s", where=f"job {job}", hint="camgrid rebalance watch says why"
            )
        time.sleep(_LOOK_S)
    clean(conn)


def clean(conn: Connection) -> int:
    """Removes what moves that were ended or failed have left on the nodes. Returns how many things are left still."""
    conn.execute("CALL citus_cleanup_orphaned_resources()")
    return leftovers(conn)


def leftovers(conn: Connection) -> int:
    """Shards, slots, publications and subscriptions of moves that are over, which Citus has on its list to remove."""
    return conn.execute("SELECT count(*) FROM pg_dist_cleanup").fetchone()[0]


def set_draining(conn: Connection, group: int, *, draining: bool) -> None:
    """Whether a group is to be given no shards, so that a rebalance moves those that it has away."""
    conn.execute(
        """
        SELECT citus_set_node_property(nodename, nodeport, 'shouldhaveshards', %s)
        FROM pg_dist_node WHERE groupid = %s AND noderole = 'primary'
        """,
        (not draining, group),
    )
