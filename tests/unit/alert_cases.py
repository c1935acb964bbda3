"""What each alert fires on, and what it just does not."""

from __future__ import annotations

from tests.unit.alert_series import (
    DAY,
    HOUR,
    Case,
    archive,
    disk,
    endpoint,
    groups,
    once,
    rebalance,
    region_lag,
    standby,
    undelivered,
    up,
)

NO_GROUP = {
    **{f'camgrid_group_members{{citus_group="{group}",region="a"}}': "2x99" for group in (1, 2)},
    'node_textfile_mtime_seconds{file="/x/camgrid_backup.prom"}': "0x99",
}
# alert, and after a comma another of its reasons → its case
CASES = {
    "HostDown": Case(3, up("node", others="0"), up("node")),
    "ExporterDown": Case(4, up("postgres"), up("postgres", others="0")),
    "ExporterSlow": once("scrape_duration_seconds 6", "scrape_duration_seconds 4"),
    "DiskFilling": Case(40, disk("190-1x99"), disk("150x99")),
    "DiskNearlyFull": Case(5, disk("79x99"), disk("81x99")),
    "ClockSkew": Case(
        10, {'node_time_seconds{instance="a"}': "4+60x99"}, {'node_time_seconds{instance="a"}': "2+60x99"}
    ),
    "PrimaryAbsent": Case(
        3,
        {
            'patroni_primary{instance="b",citus_group="1"}': "0x99",
            'up{job="patroni",instance="a",citus_group="1"}': "0x99",
        },
        {
            'patroni_primary{instance="b",citus_group="1"}': "1x99",
            'up{job="patroni",instance="a",citus_group="1"}': "0x99",
        },
    ),
    "TwoPrimaries": Case(
        3,
        {f'patroni_primary{{instance="{name}",citus_group="1"}}': "1x99" for name in "ab"},
        {f'patroni_primary{{instance="{name}",citus_group="{name}"}}': "1x99" for name in "ab"},
    ),
    "MemberDown": Case(
        3,
        {'patroni_postgres_running{instance="a"}': "0x99", 'up{instance="a"}': "1x99"},
        {'patroni_postgres_running{instance="a"}': "1x99", 'up{instance="a"}': "1x99"},
    ),
    "CoordinatorSilent": once("camgrid_up 0", "camgrid_up 1"),
    "NodeSilent": once("camgrid_node_up 0", "camgrid_node_up 1"),
    "ReplicaNotStreaming": Case(
        5,
        {'patroni_replica{instance="a"}': "1x99", 'patroni_postgres_streaming{instance="a"}': "0x99"},
        {'patroni_replica{instance="a"}': "0x99", 'patroni_postgres_streaming{instance="a"}': "0x99"},
    ),
    "ReplicaGone": once("camgrid_replica_streaming 0", "camgrid_replica_streaming 1"),
    "ReplicaLagging": once("camgrid_replica_lag_seconds 61", "camgrid_replica_lag_seconds 59", far="false"),
    "RegionLag": Case(5, region_lag(91), region_lag(89)),
    "SynchronousStandbyMissing": Case(5, standby("0"), standby("0", members="1")),
    "PreparedTransactionsLeft": once(
        "camgrid_node_prepared_transaction_oldest_seconds 301", "camgrid_node_prepared_transaction_oldest_seconds 299"
    ),
    "PatroniPaused": once("patroni_is_paused 1", "patroni_is_paused 0", 40),
    "RestartPending": once("patroni_pending_restart 1", "patroni_pending_restart 0", 70),
    "ArchiveFailing": Case(7, archive("camgrid_archive_failing", "1"), archive("camgrid_archive_failing", "1", "0")),
    "ArchiveBehind": Case(
        7, archive("camgrid_archive_waiting_segments", "65"), archive("camgrid_archive_waiting_segments", "64")
    ),
    "ArchiveOff": Case(
        7,
        archive("camgrid_node_primary", "1", "0") | {"camgrid_backup_kept": "1x99"},
        archive("camgrid_node_primary", "1", "0"),
    ),
    "BackupTooOld": Case(
        20,
        {'camgrid_backup_last_timestamp_seconds{citus_group="1",kind="full"}': f"{-50 * HOUR}x99"},
        {'camgrid_backup_last_timestamp_seconds{citus_group="1",kind="full"}': f"{-49 * HOUR}x99"},
    ),
    "BackupMissing": Case(
        40,
        {"camgrid_backup_kept": "0x99", "camgrid_backup_running": "0x99"},
        {"camgrid_backup_kept": "0x99", "camgrid_backup_running": "1x99"},
    ),
    "BackupMissing, of a group that the repository does not know": Case(
        40,
        NO_GROUP | {'camgrid_backup_kept{citus_group="1"}': "2x99"},
        NO_GROUP | {f'camgrid_backup_kept{{citus_group="{group}"}}': "2x99" for group in (1, 2)},
    ),
    "BackupDamaged": once("camgrid_backup_damaged 1", "camgrid_backup_damaged 0"),
    "BackupMetricsOld": once(
        "node_textfile_mtime_seconds 0", "node_textfile_mtime_seconds 700", file="/x/camgrid_backup.prom"
    ),
    "RestorePointTooOld": once(
        "camgrid_restore_point_last_timestamp_seconds 0", "camgrid_restore_point_last_timestamp_seconds 600", 25
    ),
    "RestoreDrillTooOld": Case(
        70,
        {"camgrid_backup_first_timestamp_seconds": f"{-35 * DAY}x99"},
        {
            "camgrid_backup_first_timestamp_seconds": f"{-35 * DAY}x99",
            "camgrid_restore_drill_last_timestamp_seconds": f"{-34 * DAY}x99",
        },
    ),
    "RestoreDrillFailed": once("camgrid_restore_drill_failed 1", "camgrid_restore_drill_failed 0"),
    "PartitionsTooFew": Case(
        20,
        {"camgrid_partitions_until_timestamp_seconds": f"{32 * DAY}x99"},
        {"camgrid_partitions_until_timestamp_seconds": f"{33 * DAY}x99", "camgrid_partitions_months_missing": "0x99"},
    ),
    "RollupsStale": once(
        "camgrid_rollup_refreshed_timestamp_seconds 0", "camgrid_rollup_refreshed_timestamp_seconds 400", 9
    ),
    "JobFailed": once("camgrid_job_failed 1", "camgrid_job_failed 0"),
    "ShardSkew": Case(70, groups(20, 2, 2), groups(20, 12, 12)),
    "RebalanceStuck": Case(65, rebalance("0x99"), rebalance("0+1x99")),
    "BackgroundTaskFails": once("camgrid_background_tasks_failing 1", "camgrid_background_tasks_failing 0"),
    "MetadataOutOfSync": once("camgrid_node_metadata_synced 0", "camgrid_node_metadata_synced 1", role="primary"),
    "PlacementsInactive": once("camgrid_placements_inactive 1", "camgrid_placements_inactive 0"),
    "PoolClientsWait": once("camgrid_pool_longest_wait_seconds 6", "camgrid_pool_longest_wait_seconds 5"),
    "PoolSilent": once("camgrid_pool_answers 0", "camgrid_pool_answers 1"),
    "ProxyDown": Case(3, up("haproxy"), up("haproxy", others="0")),
    # A region that stands by has no node for writes.
    "EndpointDown": Case(3, endpoint("read", "0"), endpoint("write", "0")),
    "EtcdNoLeader": once("etcd_server_has_leader 0", "etcd_server_has_leader 1"),
    "EtcdMemberDown": Case(3, up("etcd"), up("etcd", others="0")),
    "CertificateExpiring": Case(
        10,
        {"camgrid_certificate_expiry_timestamp_seconds": f"{30 * DAY}x99"},
        {"camgrid_certificate_expiry_timestamp_seconds": f"{31 * DAY}x99"},
    ),
    "CertificateRefused": once("camgrid_certificate_verified 0", "camgrid_certificate_verified 1"),
    "AuthorityExpiring": Case(
        10,
        {"camgrid_ca_expiry_timestamp_seconds": f"{180 * DAY}x99"},
        {"camgrid_ca_expiry_timestamp_seconds": f"{181 * DAY}x99"},
    ),
    "CollectorStuck": once(
        "camgrid_collected_timestamp_seconds 0", "camgrid_collected_timestamp_seconds 400", 8
    ),
    "QueryUnanswered": Case(
        15,
        {'camgrid_query_answered{query="jobs"}': "0x99", "camgrid_up": "1x99"},
        {'camgrid_query_answered{query="jobs"}': "0x99", "camgrid_up": "0x99"},
    ),
    "RulesFail": Case(
        15,
        {"prometheus_rule_evaluation_failures_total": "0+1x99"},
        {"prometheus_rule_evaluation_failures_total": "7x99"},
    ),
    # Without an Alertmanager all are dropped.
    "AlertsUndelivered": Case(15, undelivered("1"), undelivered("0")),
}  # fmt: skip
