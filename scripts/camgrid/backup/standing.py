"""How the backups of a cluster stand, and what is wrong with that, whoever told: their repository or a monitor."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from camgrid.backup import drills
from camgrid.backup.archive import Archive
from camgrid.finding import Finding
from camgrid.units import duration

# A night's backup may take long, or fail once.
BACKUP_WARNING = timedelta(hours=50)
# Several intervals of the job.
POINT_WARNING = timedelta(minutes=20)
_STEP = "camgrid backup run"


@dataclass(frozen=True)
class Group:
    """A group's backups and archive. newest: kind → when the newest of that kind ended; message: why there is none.

    damaged: what the newest of all is called, where its pages fail their checksum.
    """

    group: int
    newest: dict[str, datetime] = field(default_factory=dict)
    message: str = ""
    damaged: str = ""
    archive: Archive | None = None

    @property
    def last(self) -> datetime | None:
        """When the newest of all ended."""
        return max(self.newest.values(), default=None)

    def late(self, now: datetime) -> bool:
        """Whether the newest is too old."""
        return self.last is not None and now - self.last > BACKUP_WARNING

    def findings(self, now: datetime, *, busy: bool) -> list[Finding]:
        """What is wrong with its backups. busy: whether some group's is being taken."""
        where = f"group {self.group}"
        if self.last is None:
            text = f"there is no backup: {self.message}" if self.message else "there is no backup"
            return [] if busy else [Finding(text, where, _STEP)]
        found = []
        if self.late(now) and not busy:
            age = duration((now - self.last).total_seconds())
            step = f"{_STEP}; journalctl --unit='camgrid-backup@*'"
            found.append(Finding(f"the last backup is {age} old", where, step))
        if self.damaged:
            step = "SELECT * FROM pg_stat_database; which files: pgbackrest --set info on the repository's host"
            found.append(Finding(f"pages of {self.damaged} fail their checksum", where, step))
        return found


def point_late(made_at: datetime | None, now: datetime) -> bool:
    """Whether the newest restore point is too old, or there is none."""
    return made_at is None or now - made_at > POINT_WARNING


def point_findings(made_at: datetime | None, where: str, now: datetime) -> list[Finding]:
    """Whether points are made that the whole cluster can be restored to. where: the repository's host."""
    if not point_late(made_at, now):
        return []
    text = f"the last is {duration((now - made_at).total_seconds())} old" if made_at else "there is none"
    step = f"on {where}: journalctl --unit=camgrid-restore-point --lines=20"
    return [Finding(f"restore points of the cluster: {text}", where, step)]


@dataclass(frozen=True)
class Standing:
    """What `camgrid status` tells: every group's backups, the newest point, the last drill, all that is wrong.

    busy: whether a backup is being taken; unknown: why nobody told of them.
    """

    groups: tuple[Group, ...] = ()
    point: datetime | None = None
    drill: datetime | None = None
    drill_failed: bool = False
    busy: bool = False
    unknown: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def backup(self) -> datetime | None:
        """The newest backup of the group whose is oldest; None while a group has none."""
        last = [group.last for group in self.groups]
        return min(last) if last and None not in last else None

    def point_late(self, now: datetime) -> bool:
        """Whether the newest point is too old, or there is none."""
        return point_late(self.point, now)

    def drill_bad(self, now: datetime) -> bool:
        """Whether the last drill failed or is too long ago."""
        return self.drill_failed or (self.drill is not None and now - self.drill > drills.AGE_WARNING)

    def as_json(self) -> dict[str, Any]:
        """Plain data, without the findings."""
        return {"backup": self.backup} | {key: value for key, value in asdict(self).items() if key != "findings"}
