"""What is wrong with the backups of a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from camgrid import patroni
from camgrid.backup import archive, drills, points
from camgrid.backup.repository import KINDS, Repository, Stanza
from camgrid.errors import CamgridError
from camgrid.finding import Finding
from camgrid.units import duration

# A night's backup may take long, or fail once.
BACKUP_WARNING = timedelta(hours=50)
# Several intervals of the job.
POINT_WARNING = timedelta(minutes=20)
DISK_WARNING_PERCENT = 85
_STEP = "camgrid backup run"


@dataclass(frozen=True)
class Overview:
    """The repository at one moment. disk_used: percent of its file system; busy: whether a backup runs there."""

    stanzas: list[Stanza]
    points: list[points.Point]
    disk_used: int
    busy: bool = False


def overview(repository: Repository) -> Overview:
    """Asks the repository's host. CamgridError when it does not answer."""
    used = repository.host.run("df --output=pcent $(getent passwd pgbackrest | cut -d: -f6) | tail -1")
    stanzas, made = repository.stanzas(), points.listed(repository)
    busy = any(repository.outcome(kind) in ("active", "activating") for kind in KINDS)
    return Overview(stanzas, made, int(used.strip().rstrip("%")), busy)


def findings(found: Overview, where: str, now: datetime | None = None) -> list[Finding]:
    """What is wrong with the repository. where: its host."""
    now = now or datetime.now(UTC)
    wrong = [finding for stanza in found.stanzas for finding in _stanza(stanza, now, busy=found.busy)]
    newest = found.points[-1] if found.points else None
    if newest is None or now - newest.made_at > POINT_WARNING:
        text = f"the last is {duration((now - newest.made_at).total_seconds())} old" if newest else "there is none"
        step = f"on {where}: journalctl --unit=camgrid-restore-point --lines=20"
        wrong.append(Finding(f"restore points of the cluster: {text}", where, step))
    if found.disk_used >= DISK_WARNING_PERCENT:
        step = "docs/runbooks/repository-away.md: a larger disk, or keep fewer; when it is full, WAL waits"
        wrong.append(Finding(f"the repository's disk is {found.disk_used} % full", where, step))
    return wrong


def _stanza(stanza: Stanza, now: datetime, *, busy: bool) -> list[Finding]:
    where = f"group {stanza.group}"
    if not stanza.backups:
        return [] if busy else [Finding(f"there is no backup: {stanza.message}", where, _STEP)]
    newest = stanza.backups[-1]
    wrong = []
    if now - newest.stopped > BACKUP_WARNING and not busy:
        age = duration((now - newest.stopped).total_seconds())
        wrong.append(Finding(f"the last backup is {age} old", where, f"{_STEP}; journalctl --unit='camgrid-backup@*'"))
    if newest.damaged:
        step = "SELECT * FROM pg_stat_database; which files: pgbackrest --set info on the repository's host"
        wrong.append(Finding(f"pages of backup {newest.label} fail their checksum", where, step))
    return wrong


def tried(repository: Repository, group: int, verb: str, *options: str) -> list[Finding]:
    """Runs one of pgBackRest's own checks; a finding when it fails."""
    try:
        repository.pgbackrest(*options, verb)
    except CamgridError as error:
        return [
            Finding(f"pgbackrest {verb}: {error.what}", f"group {group}", "its log is in /var/log/pgbackrest there")
        ]
    return []


@dataclass(frozen=True)
class Standing:
    """What `camgrid status` tells: the newest backup of the group whose is oldest, the newest point, the last drill."""

    backup: datetime | None = None
    point: datetime | None = None
    drill: datetime | None = None
    findings: tuple[Finding, ...] = ()


def look(app: Any, members: list[patroni.Member] | None = None) -> Standing | None:
    """How things stand, and all that is wrong; None for a cluster without backups. members: what Patroni told already.

    A repository that does not answer is a finding.
    """
    if not app.topology.backups():
        return None
    found = archive.findings(archive.look(app, members))
    repository = Repository(app.inventory, app.topology)
    try:
        seen, done = overview(repository), drills.listed(repository)
    except CamgridError as error:
        text = f"the repository does not answer: {error.what}"
        return Standing(findings=(*found, Finding(text, error.where, error.hint or "is it up?")))
    newest = [stanza.backups[-1].stopped for stanza in seen.stanzas if stanza.backups]
    found += findings(seen, repository.host.name)
    found += drills.findings(done, first_backup(seen), datetime.now(UTC))
    return Standing(
        min(newest) if len(newest) == len(seen.stanzas) else None,
        seen.points[-1].made_at if seen.points else None,
        done[-1].ended if done else None,
        tuple(found),
    )


def first_backup(seen: Overview) -> datetime | None:
    """When the oldest backup that is kept was taken."""
    return min((stanza.backups[0].stopped for stanza in seen.stanzas if stanza.backups), default=None)
