"""The cluster at a glance: is anything wrong, how much is it asked to do, is it near a limit."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from camgrid.dashboards import limits
from camgrid.dashboards.parts import dashboard_of, lines, listing, number

_FIRING = 'count(ALERTS{alertstate="firing", severity="%s"}) or vector(0)'
_LEADERLESS = 'count(max by (citus_group) (patroni_primary or on (instance) up{job="patroni"} == 0) == 0) or vector(0)'
_ENDPOINTS = 'proxy=~"write|ingest|read|analytics"'


def made() -> Dashboard:
    """The dashboard."""
    sections = {
        "Is anything wrong?": [
            number("Critical alerts", "short", _FIRING % "critical", "Somebody has to look now.", limits.ANY_CRITICAL),
            number("Warnings", "short", _FIRING % "warning", "Within the day.", limits.ANY_WARNING),
            number(
                "Hosts down",
                "short",
                "count(max by (instance) (up) == 0) or vector(0)",
                "Hosts of which nothing answers.",
                limits.ANY_CRITICAL,
            ),
            number(
                "Groups without a primary",
                "short",
                _LEADERLESS,
                "Nothing of them can be written.",
                limits.ANY_CRITICAL,
            ),
            number(
                "Groups without a synchronous replica",
                "short",
                "count(camgrid_node_primary == 1 unless on (host) camgrid_replica_synchronous == 1"
                " and on (citus_group, region) camgrid_group_members > 1) or vector(0)",
                "The next lost host loses writes, or commits wait.",
                limits.ANY_CRITICAL,
            ),
            number(
                "Endpoints without a node",
                "short",
                f'count(max by (proxy, region) (haproxy_backend_status{{{_ENDPOINTS}, state="UP"}}) == 0) or vector(0)',
                "In the region that stands by, write and ingest have none: that is as it should be.",
                limits.ANY_CRITICAL,
            ),
            listing(
                "Alerts that fire",
                'ALERTS{alertstate="firing"}',
                "docs/alerts.md says what each means and what to do first.",
            ),
        ],
        "How near is a limit?": [
            number(
                "Slowest replica",
                "s",
                'max(camgrid_replica_lag_seconds{far="false"})',
                "Of the same region.",
                limits.of("ReplicaLagging"),
            ),
            number(
                "Least free disk",
                "percentunit",
                "min(node_filesystem_avail_bytes / node_filesystem_size_bytes)",
                "Of all file systems of all hosts.",
                limits.of("DiskFilling", 1),
                limits.of("DiskNearlyFull"),
            ),
            number(
                "Oldest last backup",
                "s",
                "time() - min(max by (citus_group) (camgrid_backup_last_timestamp_seconds))",
                "Of the group whose newest backup is oldest.",
                limits.of("BackupTooOld"),
            ),
            number(
                "Last restore point",
                "s",
                "time() - max(camgrid_restore_point_last_timestamp_seconds)",
                "How much would be lost with all of a region's primaries and replicas.",
                limits.of("RestorePointTooOld"),
            ),
            number(
                "Fullest group against the mean",
                "none",
                "max(camgrid:group_bytes) / (sum(camgrid:group_bytes) / scalar(camgrid:worker_groups))",
                "1: all worker groups hold as much. Without worker groups there is nothing to compare.",
                limits.of("ShardSkew"),
            ),
            number(
                "Months ahead end in",
                "s",
                "min(camgrid_partitions_until_timestamp_seconds) - time()",
                "Until when results have a partition to go to.",
                limits.of("PartitionsTooFew", 1),
            ),
        ],
        "How busy is it?": [
            lines(
                "Rows written",
                "wps",
                (
                    "sum by (citus_group) (rate(pg_stat_database_tup_inserted[$__rate_interval]))",
                    "group {{citus_group}}",
                ),
                text="Rows inserted, of all databases of a group, rollups among them.",
            ),
            lines(
                "Transactions",
                "ops",
                (
                    "sum by (citus_group) (rate(pg_stat_database_xact_commit[$__rate_interval]))",
                    "group {{citus_group}}",
                ),
                text="Committed by all members of a group, those of monitors and of other nodes among them.",
            ),
            lines(
                "Sessions at work",
                "short",
                ('sum by (citus_group) (pg_stat_activity_count{state="active"})', "group {{citus_group}}"),
            ),
            lines(
                "Clients by endpoint",
                "short",
                (f"sum by (proxy) (haproxy_frontend_current_sessions{{{_ENDPOINTS}}})", "{{proxy}}"),
            ),
        ],
    }
    text = "What is wrong, how near a limit is, and how busy the cluster is."
    return dashboard_of("camgrid-glance", "camgrid: the cluster at a glance", text, sections)
