"""Whether every group's WAL reaches the repository, and how much of it waits on the primaries' disks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from camgrid import connect, patroni
from camgrid.finding import Finding
from camgrid.units import size

SEGMENT_BYTES = 16 * 1024 * 1024
# A busy hour's worth: more than a slow repository explains, and far from filling a disk.
WAITING_WARNING = 64
_STATEMENT_TIMEOUT = "-c statement_timeout=5000"


@dataclass(frozen=True)
class Archive:
    """A primary's archiver. waiting: segments that the repository does not have; error: why it does not tell."""

    group: int
    primary: str
    archiving: bool = False
    waiting: int = 0
    last_archived: datetime | None = None
    last_failed: datetime | None = None
    failed_segment: str | None = None
    error: str = ""


def look(app: Any, members: list[patroni.Member] | None = None) -> list[Archive]:
    """Asks every group's leader. members: what Patroni told already."""
    members = patroni.members(app.inventory, app.topology) if members is None else members
    leaders = [member for member in members if member.role == "leader"]
    with ThreadPoolExecutor(max_workers=16) as pool:
        return list(pool.map(lambda leader: _ask(app, leader), leaders))


def _ask(app: Any, leader: patroni.Member) -> Archive:
    wanted = connect.parameters(app.inventory, app.topology, "monitor")
    wanted |= {"host": leader.address, "port": 5432, "target_session_attrs": "any", "options": _STATEMENT_TIMEOUT}
    try:
        with psycopg.connect(**wanted, autocommit=True, row_factory=dict_row) as conn:
            return Archive(
                leader.group, leader.name, **conn.execute("SELECT * FROM camgrid.archive_health()").fetchone()
            )
    except psycopg.Error as error:
        return Archive(leader.group, leader.name, error=str(error).strip())


def findings(archives: list[Archive]) -> list[Finding]:
    """What is wrong with them, each with what to do before a disk is full."""
    found = []
    for archive in archives:
        where = f"group {archive.group}, archive of {archive.primary}"
        step = f"on {archive.primary}: ls /var/log/pgbackrest; camgrid backup check"
        if archive.error:
            found.append(Finding(f"does not tell: {archive.error}", where, "camgrid status; camgrid schema plan"))
        elif not archive.archiving:
            found.append(Finding("WAL is not archived", where, "run playbooks/site.yml"))
        elif archive.last_failed and (archive.last_archived is None or archive.last_failed > archive.last_archived):
            text = f"the repository did not take {archive.failed_segment}, last at {archive.last_failed:%H:%M:%S} UTC; "
            text += f"{archive.waiting} segments ({size(archive.waiting * SEGMENT_BYTES)}) wait on the primary's disk"
            found.append(Finding(text, where, step))
        elif archive.waiting > WAITING_WARNING:
            text = (
                f"{archive.waiting} segments ({size(archive.waiting * SEGMENT_BYTES)}) wait: the archive falls behind"
            )
            found.append(Finding(text, where, step + "; more pgbackrest_processes may help"))
    return found
