"""What a restore to a point takes: for each group a backup that is older, and a member that brings it back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from camgrid import patroni
from camgrid.backup.points import Place, Point
from camgrid.backup.repository import Backup, Stanza
from camgrid.errors import UsageError
from camgrid.topology import Topology


@dataclass(frozen=True)
class Step:
    """A group's part. host: who brings it back; backup: from what; timeline: along which its WAL is replayed."""

    group: int
    host: str
    backup: Backup
    timeline: int

    def as_variables(self) -> dict[str, object]:
        """As playbooks/restore.yml takes it."""
        return {"host": self.host, "set": self.backup.label, "timeline": self.timeline}


def steps(point: Point, stanzas: Iterable[Stanza], hosts: Mapping[int, str]) -> list[Step]:
    """One step for each group. hosts: group → host. UsageError where that cannot be."""
    found = {stanza.group: stanza for stanza in stanzas}
    if set(found) != set(point.groups):
        theirs, ours = (", ".join(map(str, sorted(groups))) for groups in (point.groups, found))
        raise UsageError(
            f"at {point.name} the cluster had the groups {theirs}, and now it has {ours}",
            hint="give the inventory the groups of then, or choose a later point",
        )
    return [
        Step(group, hosts[group], newest_before(point, group, found[group]), place.timeline)
        for group, place in sorted(point.groups.items())
    ]


def newest_before(point: Point, group: int, stanza: Stanza) -> Backup:
    """The newest backup of a group that ended before the point, on its timeline or one that it came from.

    One with damaged pages only where there is no other.
    """
    fitting = [each for each in stanza.backups if each.stopped < point.began_at and leads_to(each, point.groups[group])]
    if not fitting:
        oldest = f"; the oldest ended at {stanza.backups[0].stopped:%Y-%m-%d %H:%M:%S} UTC" if stanza.backups else ""
        raise UsageError(
            f"no backup of group {group} is older than {point.name} and on its timeline{oldest}",
            hint="choose a later point: camgrid backup points",
        )
    return max(fitting, key=lambda backup: (not backup.damaged, backup.stopped))


def leads_to(backup: Backup, place: Place) -> bool:
    """Whether WAL goes on from a backup's end to a place: the same timeline, or one that was left after that end."""
    if backup.system_id != place.system_id:
        return False
    end = position(backup.stop_lsn)
    if backup.timeline == place.timeline:
        return end <= position(place.lsn)
    return any(backup.timeline == timeline and end <= left for timeline, left in ancestors(place.history or ""))


def ancestors(history: str) -> list[tuple[int, int]]:
    """A timeline's history file: the timelines that it came from, and the position at which each was left."""
    lines = (line.split() for line in history.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return [(int(words[0]), position(words[1])) for words in lines]


def position(lsn: str) -> int:
    """A position in the WAL as a number: "2/4000000" → 8657043456."""
    high, _, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def open_region(topology: Topology, members: Iterable[patroni.Member]) -> str:
    """The region that takes writes, and is brought back. UsageError when nobody can tell which of two it is."""
    if len(topology.region_names) == 1:
        return topology.region_names[0]
    found = sorted({member.region for member in members if member.role == "leader"})
    if len(found) != 1:
        raise UsageError(
            "it is not clear which region takes the writes" if not found else "both regions take writes",
            hint="camgrid region status; say which one is to be brought back with --region",
        )
    return found[0]


def choose_hosts(
    topology: Topology, members: Iterable[patroni.Member], absent: Iterable[str], region: str
) -> dict[int, str]:
    """Group → the host that brings it back: one that does not lead, so that what it had stays until the end.

    absent: hosts that are off. UsageError for a group that has no other.
    """
    leaders = {member.name for member in members if member.leads}
    chosen = {}
    for group in topology.groups(region):
        able = [node.host for node in topology.group(group, region) if not node.analytics and node.host not in absent]
        if not able:
            raise UsageError(
                f"group {group} has no host that could bring it back", hint="put another into the inventory"
            )
        chosen[group] = next((host for host in able if host not in leaders), able[0])
    return chosen
