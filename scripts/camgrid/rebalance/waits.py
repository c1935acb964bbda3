"""What a session of the coordinator that moves or splits shards waits for, there and on the workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from camgrid import queries
from camgrid.finding import Finding

# A wait for a lock is named once it lasts this many seconds.
WAIT_S = 10.0


@dataclass(frozen=True)
class Session:
    """What one session does for another: its node, the statement, since how many seconds, and what it waits for.

    kind, event: PostgreSQL's wait_event_type and wait_event; blockers: who holds what it waits for. reason: why
    its node could not be asked; all else is None then.
    """

    node: str
    kind: str | None
    event: str | None
    seconds: float | None
    statement: str | None
    blockers: str | None
    reason: str | None


def sessions(conn: psycopg.Connection, pid: int, groups: Sequence[int]) -> list[Session]:
    """It and those that work for it, on the coordinator and on the primaries of groups. conn: the superuser's.

    pid: its process on the coordinator. Nothing where Citus does not know the coordinator.
    """
    row = conn.execute("SELECT nodeid FROM pg_dist_node WHERE groupid = 0 AND noderole = 'primary'").fetchone()
    if row is None:
        return []
    # Citus's citus_calculate_gpid(): the node's id and the process's in one number.
    gpid = conn.execute("SELECT citus_calculate_gpid(%s, %s)", (row[0], pid)).fetchone()[0]
    query = sql.SQL(queries.text("move_waits")).format(application=sql.Literal(f"%gpid={gpid}"))
    answers = conn.execute(
        """
        SELECT n.node_name, a.answer ->> 'kind', a.answer ->> 'event', (a.answer ->> 'seconds')::float,
            a.answer ->> 'query', coalesce(a.answer ->> 'blockers', a.answer ->> 'prepared'), a.reason
        FROM camgrid.known_nodes() AS n CROSS JOIN LATERAL camgrid.ask_node(n.node_name, %s) AS a
        WHERE n.is_primary AND (n.citus_group = 0 OR n.citus_group = ANY (%s))
        """,
        (query.as_string(conn), list(groups)),
    ).fetchall()
    return [Session(*answer) for answer in answers if answer[4] is not None or answer[6] is not None]


def stuck(found: Sequence[Session], where: str) -> Iterator[Finding]:
    """Those of the sessions that wait for a lock since WAIT_S or longer. where: what they work at, for the findings."""
    for each in found:
        if each.reason is not None:
            yield Finding(f"{each.node} does not answer: {each.reason}", where, "camgrid status")
        elif each.kind == "Lock" and (each.seconds or 0) >= WAIT_S:
            text = f"waits for a lock on {each.node} since {each.seconds:.0f} s ({each.statement}): held by"
            step = "it goes on when they end; SELECT pg_terminate_backend(…) there ends one"
            if each.blockers and each.blockers.startswith("prepared"):
                step = "SELECT recover_prepared_transactions() on the coordinator"
            yield Finding(f"{text} {each.blockers or 'nobody seen'}", where, step)
