"""How the backups stand as Prometheus has it: for a monitor, which may not ask the repository itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from camgrid import patroni
from camgrid.backup import archive, drills
from camgrid.backup.standing import Group, Standing, point_findings
from camgrid.errors import CamgridError
from camgrid.finding import Finding
from camgrid.prometheus import Sample
from camgrid.units import duration

# What the roles backup_metrics and collector tell; of the last minutes, so that a look that was missed hides nothing.
_QUERY = """
    last_over_time({__name__=~"camgrid_(backup|restore|archive)_.+"}[5m])
    or last_over_time(node_textfile_mtime_seconds{file=~".*/camgrid_backup.prom"}[5m])
"""
# Ten looks of the job.
METRICS_WARNING = timedelta(minutes=10)


def look(app: Any, members: list[patroni.Member]) -> Standing | None:
    """How things stand, and all that is wrong; None for a cluster without backups.

    app: with a topology and a prometheus. A Prometheus that does not answer, or has nothing to tell, is a finding.
    """
    hosts = app.topology.backups()
    if not hosts:
        return None
    try:
        samples = app.prometheus.query(_QUERY)
    except CamgridError as error:
        finding = Finding(error.what, error.where, "journalctl --unit=prometheus --lines=30")
        return Standing(unknown=error.what, findings=(finding,))
    leaders = [member for member in members if member.role == "leader"]
    return standing(samples, hosts[0], app.topology.groups(), leaders, datetime.now(UTC))


def standing(
    samples: list[Sample], host: str, groups: Iterable[int], leaders: list[patroni.Member], now: datetime
) -> Standing:
    """How things stand by these samples. host: the repository's; leaders: the groups' primaries."""
    archives = {leader.group: _archive(samples, leader) for leader in leaders}
    found = archive.findings(list(archives.values()))
    told = [sample for sample in samples if sample.labels.get("instance") == host]
    written = _moment(_last(told, "node_textfile_mtime_seconds"))
    if written is None:
        text = f"Prometheus has no numbers of the repository on {host}"
        step = f"on {host}: journalctl --unit=camgrid-backup-metrics --unit=prometheus-node-exporter --lines=20"
        return Standing(unknown=text, findings=(*found, Finding(text, host, step)))
    if now - written > METRICS_WARNING:
        text = f"for {duration((now - written).total_seconds())} pgBackRest has not told what the repository has"
        found.append(Finding(text, host, f"on {host}: journalctl --unit=camgrid-backup-metrics --lines=20"))
    kept = tuple(_group(told, group, archives.get(group)) for group in groups)
    busy = any(sample.value for sample in told if sample.name == "camgrid_backup_running")
    point = _moment(_last(told, "camgrid_restore_point_last_timestamp_seconds"))
    drill = _moment(_last(told, "camgrid_restore_drill_last_timestamp_seconds"))
    failed = bool(_last(told, "camgrid_restore_drill_failed"))
    firsts = [sample.value for sample in told if sample.name == "camgrid_backup_first_timestamp_seconds"]
    found += [finding for group in kept for finding in group.findings(now, busy=busy)]
    found += point_findings(point, host, now)
    complaint = f"its record is in {drills.DIRECTORY} on {host}" if failed else ""
    found += drills.wrong(drill, complaint, _moment(min(firsts, default=None)), now)
    return Standing(kept, point, drill, failed, busy, findings=tuple(found))


def _group(samples: list[Sample], group: int, archived: archive.Archive | None) -> Group:
    own = [sample for sample in samples if sample.labels.get("citus_group") == str(group)]
    newest = {
        sample.labels["kind"]: datetime.fromtimestamp(sample.value, UTC)
        for sample in own
        if sample.name == "camgrid_backup_last_timestamp_seconds"
    }
    damaged = "the last backup" if _last(own, "camgrid_backup_damaged") else ""
    return Group(group, newest, damaged=damaged, archive=archived)


def _archive(samples: list[Sample], leader: patroni.Member) -> archive.Archive:
    own = [sample for sample in samples if sample.labels.get("host") == leader.name]
    waiting = _last(own, "camgrid_archive_waiting_segments")
    if waiting is None:
        return archive.Archive(leader.group, leader.name, error="Prometheus has no numbers of it")
    return archive.Archive(
        leader.group,
        leader.name,
        bool(_last(own, "camgrid_archive_on")),
        int(waiting),
        _moment(_last(own, "camgrid_archive_last_timestamp_seconds")),
        refused=bool(_last(own, "camgrid_archive_failing")),
    )


def _last(samples: list[Sample], name: str) -> float | None:
    return max((sample.value for sample in samples if sample.name == name), default=None)


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
