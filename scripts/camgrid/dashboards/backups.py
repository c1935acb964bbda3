"""Backups, archives, restore points and drills; the other region; etcd, which says who leads."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from camgrid.dashboards import limits
from camgrid.dashboards.parts import dashboard_of, lines, number, states


def made() -> Dashboard:
    """The dashboard."""
    sections = {
        "Could everything be brought back?": [
            number(
                "Oldest last backup",
                "s",
                "time() - min(max by (citus_group) (camgrid_backup_last_timestamp_seconds))",
                "Of the group whose newest backup is oldest.",
                limits.of("BackupTooOld"),
            ),
            number(
                "Groups without a backup",
                "short",
                "count(camgrid_backup_kept == 0) or vector(0)",
                "Of the database that they have now.",
                limits.ANY_CRITICAL,
            ),
            number(
                "Damaged backups",
                "short",
                "sum(camgrid_backup_damaged)",
                "Groups in whose last backup pages fail their checksum.",
                limits.of("BackupDamaged"),
            ),
            number(
                "Last restore point",
                "s",
                "time() - max(camgrid_restore_point_last_timestamp_seconds)",
                "The whole cluster can be restored to it.",
                limits.of("RestorePointTooOld"),
            ),
            number(
                "Last restore drill",
                "s",
                "time() - max(camgrid_restore_drill_last_timestamp_seconds)",
                "When it was last tried whether backups can be restored; nothing before the first.",
                limits.of("RestoreDrillTooOld"),
            ),
            number(
                "Last drill failed",
                "bool_yes_no",
                "max(camgrid_restore_drill_failed)",
                "Whether what it restored had faults; nothing before the first.",
                limits.of("RestoreDrillFailed"),
            ),
        ],
        "Backups": [
            lines(
                "Age of the newest backup",
                "s",
                ("time() - camgrid_backup_last_timestamp_seconds", "group {{citus_group}}, {{kind}}"),
                text="An alert is raised when a group's newest of any kind is older than the line.",
                limits=(limits.of("BackupTooOld"),),
            ),
            lines(
                "Age of the oldest that is kept",
                "s",
                ("time() - camgrid_backup_first_timestamp_seconds", "group {{citus_group}}"),
                text="How far back a restore can go.",
            ),
            lines(
                "Size of the database in the newest backup",
                "bytes",
                ("camgrid_backup_last_database_bytes", "group {{citus_group}}, {{kind}}"),
            ),
            lines("Backups that are kept", "short", ("camgrid_backup_kept", "group {{citus_group}}")),
            states("A backup is being taken", ("camgrid_backup_running", "group {{citus_group}}")),
            lines(
                "Since pgBackRest told what there is",
                "s",
                ('time() - node_textfile_mtime_seconds{file=~".*camgrid_backup.prom"}', "{{instance}}"),
                limits=(limits.of("BackupMetricsOld"),),
            ),
        ],
        "Archive": [
            lines(
                "WAL that waits to be archived",
                "short",
                ("camgrid_archive_waiting_segments and on (host) camgrid_node_primary == 1", "{{host}}"),
                text="Segments of 16 MiB on the primaries' disks.",
                limits=(limits.of("ArchiveBehind"),),
            ),
            states(
                "The repository refuses WAL",
                ("camgrid_archive_failing and on (host) camgrid_archive_on == 1", "{{host}}"),
                limits=(limits.of("ArchiveFailing"),),
            ),
            lines(
                "WAL archived",
                "Bps",
                (
                    "rate(pg_stat_archiver_archived_count[$__rate_interval]) * 16 * 2^20"
                    " and on (instance) patroni_primary == 1",
                    "{{instance}}",
                ),
            ),
            lines(
                "Since WAL was archived last",
                "s",
                ("time() - camgrid_archive_last_timestamp_seconds and on (host) camgrid_archive_on == 1", "{{host}}"),
            ),
        ],
        "Regions and etcd": [
            lines(
                "The other region behind",
                "s",
                (
                    'camgrid_replica_lag_seconds{far="true"} - on () group_left () camgrid_region_delay_seconds',
                    "{{replica}} behind {{host}}",
                ),
                text="Besides what it waits on purpose: that much would be lost with this one. Empty without another.",
                limits=(limits.of("RegionLag"),),
            ),
            lines(
                "Groups that take writes",
                "short",
                ("sum by (region) (patroni_primary)", "{{region}}"),
                text="All of one region, none of the other.",
            ),
            states(
                "etcd knows a leader",
                ("etcd_server_has_leader", "{{instance}}"),
                limits=(limits.of("EtcdNoLeader"),),
            ),
            lines(
                "etcd's leader changed",
                "short",
                ("increase(etcd_server_leader_changes_seen_total[1h])", "{{instance}}"),
                text="Within an hour. Often: its disk or network is slow.",
            ),
            lines(
                "etcd waits for its disk",
                "s",
                (
                    "histogram_quantile(0.99, sum by (instance, le)"
                    " (rate(etcd_disk_wal_fsync_duration_seconds_bucket[$__rate_interval])))",
                    "{{instance}}",
                ),
                text="99 of 100 writes take less. Above 10 ms a leader may be taken for dead.",
            ),
        ],
    }
    text = "Whether everything could be brought back, how far the other region is, and who says who leads."
    return dashboard_of("camgrid-backups", "camgrid: backups and regions", text, sections)
