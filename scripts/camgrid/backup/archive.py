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
    """A primary's archiver. waiting: segments that the repository does not have; error: why it does not tell.

    refused: whether the repository did not take the last one, where no more is known than that.
    """

    group: int
    primary: str
    archiving: bool = False
    waiting: int = 0
    last_archived: datetime | None = None
    last_failed: datetime | None = None
    failed_segment: str | None = None
    refused: bool = False
    error: str = ""

    @property
    def waiting_bytes(self) -> int:
        """What they take of the primary's disk."""
        return self.waiting * SEGMENT_BYTES

    @property
    def failing(self) -> bool:
        """Whether the repository did not take the last segment that it was given."""
        if self.last_failed is None:
            return self.refused
        return self.last_archived is None or self.last_failed > self.last_archived

    @property
    def finding(self) -> Finding | None:
        """What is wrong with it, and what to do before a disk is full."""
        where = f"group {self.group}, archive of {self.primary}"
        step = f"on {self.primary}: ls /var/log/pgbackrest; camgrid backup check"
        wait = f"{self.waiting} segments ({size(self.waiting_bytes)}) wait"
        if self.error:
            return Finding(f"does not tell: {self.error}", where, "camgrid status; camgrid schema plan")
        if not self.archiving:
            return Finding("WAL is not archived", where, "run playbooks/site.yml")
        if self.failing:
            last = f"{self.failed_segment}, last at {self.last_failed:%H:%M:%S} UTC" if self.last_failed else "its WAL"
            return Finding(f"the repository did not take {last}; {wait} on the primary's disk", where, step)
        if self.waiting > WAITING_WARNING:
            return Finding(f"{wait}: the archive falls behind", where, step + "; more pgbackrest_processes may help")
        return None


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
    """What is wrong with them."""
    return [archive.finding for archive in archives if archive.finding]
