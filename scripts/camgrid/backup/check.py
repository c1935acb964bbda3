"""What is wrong with the backups of a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from camgrid import patroni
from camgrid.backup import archive, drills, points
from camgrid.backup.repository import KINDS, Repository, Stanza
from camgrid.backup.standing import Group, Standing, point_findings
from camgrid.errors import CamgridError
from camgrid.finding import Finding

DISK_WARNING_PERCENT = 85


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
    wrong = [each for stanza in found.stanzas for each in _group(stanza).findings(now, busy=found.busy)]
    wrong += point_findings(found.points[-1].made_at if found.points else None, where, now)
    if found.disk_used >= DISK_WARNING_PERCENT:
        step = "docs/runbooks/repository-away.md: a larger disk, or keep fewer; when it is full, WAL waits"
        wrong.append(Finding(f"the repository's disk is {found.disk_used} % full", where, step))
    return wrong


def _group(stanza: Stanza, archived: archive.Archive | None = None) -> Group:
    newest = {backup.kind: backup.stopped for backup in stanza.backups}
    damaged = f"backup {stanza.backups[-1].label}" if stanza.backups and stanza.backups[-1].damaged else ""
    return Group(stanza.group, newest, stanza.message, damaged, archived)


def tried(repository: Repository, group: int, verb: str, *options: str) -> list[Finding]:
    """Runs one of pgBackRest's own checks; a finding when it fails."""
    try:
        repository.pgbackrest(*options, verb)
    except CamgridError as error:
        return [
            Finding(f"pgbackrest {verb}: {error.what}", f"group {group}", "its log is in /var/log/pgbackrest there")
        ]
    return []


def look(app: Any, members: list[patroni.Member] | None = None) -> Standing | None:
    """How things stand, and all that is wrong; None for a cluster without backups. members: what Patroni told already.

    A repository that does not answer is a finding.
    """
    if not app.topology.backups():
        return None
    archives = archive.look(app, members)
    found = archive.findings(archives)
    repository = Repository(app.inventory, app.topology)
    try:
        seen, done = overview(repository), drills.listed(repository)
    except CamgridError as error:
        text = f"the repository does not answer: {error.what}"
        finding = Finding(text, error.where, error.hint or "is it up?")
        return Standing(unknown="the repository does not answer", findings=(*found, finding))
    found += findings(seen, repository.host.name)
    found += drills.findings(done, first_backup(seen), datetime.now(UTC))
    by_group = {each.group: each for each in archives}
    return Standing(
        tuple(_group(stanza, by_group.get(stanza.group)) for stanza in seen.stanzas),
        seen.points[-1].made_at if seen.points else None,
        done[-1].ended if done else None,
        bool(done and done[-1].complaints),
        seen.busy,
        findings=tuple(found),
    )


def first_backup(seen: Overview) -> datetime | None:
    """When the oldest backup that is kept was taken."""
    return min((stanza.backups[0].stopped for stanza in seen.stanzas if stanza.backups), default=None)
