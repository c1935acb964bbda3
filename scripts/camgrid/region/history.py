"""Whether a copy's past is part of the open region's: timelines of two that went apart can have the same number.

Patroni compares numbers. Where each region had its own failover, both are on timeline 8, say: Patroni sees nothing to
rewind, PostgreSQL waits until the open region's log has become as long as the copy's, and goes on from there in the
middle of another history. Seen in a lab, so `camgrid region return` reads the histories themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from camgrid import connect
from camgrid.remote import Host
from camgrid.topology import Node, Topology

# Where a timeline left each one before it: (timeline, position).
Forks = list[tuple[int, str]]


@dataclass(frozen=True)
class Past:
    """The newest timeline that a node has anything of, and where it came from."""

    timeline: int
    forks: Forks


def parse(text: str) -> Forks:
    """The forks in a timeline's history file."""
    lines = (line.split() for line in text.splitlines())
    return [(int(words[0]), words[1]) for words in lines if len(words) > 1 and words[0].isdigit()]


def apart(copy: Past, leader: Past) -> bool:
    """Whether what the copy has cannot be told from the leader's by the number of its timeline, and is not the same."""
    if copy.timeline > leader.timeline:
        return True
    before = [fork for fork in leader.forks if fork[0] < copy.timeline]
    return copy.timeline == leader.timeline and copy.forks != before


def directory(topology: Topology) -> str:
    """Where PostgreSQL's data is on every node."""
    return f"/var/lib/postgresql/{topology.postgresql_version}/{topology.cluster}"


def of_host(app: Any, node: Node) -> Past | None:
    """The past of a node whose PostgreSQL need not run; None where it has no data."""
    log = f"{directory(app.topology)}/pg_wal"
    host = Host(app.inventory, node.host)
    names = host.run(f"ls {log} 2>/dev/null || true").split()
    numbers = [int(name[:8], 16) for name in names if len(name.split(".")[0]) in (8, 24) and _is_hex(name[:8])]
    if not numbers:
        return None
    newest = max(numbers)
    return Past(newest, parse(host.run(f"cat {log}/{newest:08X}.history 2>/dev/null || true")))


def of_leader(app: Any, node: Node) -> Past:
    """The past of a node that takes writes."""
    wanted = connect.parameters(app.inventory, app.topology, "admin")
    wanted |= {"host": node.address, "port": "5432", "target_session_attrs": "any"}
    with psycopg.connect(**wanted, autocommit=True) as conn:
        (timeline,) = conn.execute("SELECT timeline_id FROM pg_control_checkpoint()").fetchone()
        # A promotion counts before its checkpoint does.
        (walfile,) = conn.execute("SELECT pg_walfile_name(pg_current_wal_lsn())").fetchone()
        timeline = max(timeline, int(walfile[:8], 16))
        (text,) = conn.execute("SELECT pg_read_file(%s, true)", (f"pg_wal/{timeline:08X}.history",)).fetchone()
    return Past(timeline, parse(text or ""))


def _is_hex(text: str) -> bool:
    return all(letter in "0123456789ABCDEF" for letter in text)
