"""Citus and the data: shards and their skew, rebalances, rollups, monthly partitions, jobs."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from camgrid.dashboards import limits
from camgrid.dashboards.parts import dashboard_of, lines, number, states

_SKEW = "max(camgrid:group_bytes) / (sum(camgrid:group_bytes) / scalar(camgrid:worker_groups))"


def made() -> Dashboard:
    """The dashboard."""
    sections = {
        "Shards": [
            number("Cameras", "short", "camgrid_cameras", "That are known."),
            number("Worker groups", "short", "camgrid:worker_groups", "That Citus uses."),
            number("Shards", "short", "count(camgrid_shard_bytes)", "Of counting_results and what lies beside it."),
            number("Fullest group against the mean", "none", _SKEW, "1: all hold as much.", limits.of("ShardSkew")),
            number(
                "Shards not in use",
                "short",
                "sum(camgrid_placements_inactive)",
                "Their node is switched off in Citus's catalogs.",
                limits.of("PlacementsInactive"),
            ),
            number(
                "Nodes in sync",
                "percentunit",
                'avg(camgrid_node_metadata_synced{role="primary"} * on (node) camgrid_node_active)',
                "Primaries that have Citus's metadata and are in use.",
                limits.of("MetadataOutOfSync"),
            ),
            lines("Bytes by group", "bytes", ("camgrid:group_bytes", "group {{citus_group}}")),
            lines("Shards by group", "short", ("camgrid_placements", "group {{citus_group}}")),
            lines(
                "Largest shards",
                "bytes",
                ("topk(10, camgrid_shard_bytes)", "{{shard}} in group {{citus_group}}"),
                text="The ten largest; docs/shards.md says what to do about one that stands out.",
            ),
            lines("Rows by group", "short", ("sum by (citus_group) (camgrid_shard_rows)", "group {{citus_group}}")),
            lines(
                "Cameras by group",
                "short",
                ("sum by (citus_group) (camgrid_shard_cameras)", "group {{citus_group}}"),
            ),
            lines(
                "Busiest cameras",
                "s",
                ("camgrid_camera_cpu_seconds", "camera {{camera_id}} in group {{citus_group}}"),
                text="What their statements cost in the last period that Citus counted. Empty while nobody asks.",
            ),
        ],
        "Rebalance": [
            lines(
                "Moves of the last rebalance",
                "short",
                ("camgrid_rebalance_moves", "planned"),
                ("camgrid_rebalance_moves_done", "done"),
            ),
            lines("Copied by the moves under way", "bytes", ("camgrid_rebalance_bytes_done", "copied")),
            states(
                "Rebalance under way",
                ("camgrid_rebalance_running", "under way"),
                ("camgrid_rebalance_held", "paused"),
            ),
            lines(
                "Background tasks that fail",
                "short",
                ("camgrid_background_tasks_failing", "tasks"),
                limits=(limits.of("BackgroundTaskFails"),),
            ),
        ],
        "Rollups, partitions and jobs": [
            number(
                "Rollups as of",
                "s",
                "time() - camgrid_rollup_refreshed_timestamp_seconds",
                "How long ago the sums that reports read were brought up to date.",
                limits.of("RollupsStale"),
            ),
            number(
                "Oldest change to come",
                "s",
                "time() - camgrid_rollup_oldest_pending_timestamp_seconds or vector(0)",
                "How long it has waited for the rollups.",
                limits.of("RollupsStale", 1),
            ),
            number(
                "Months missing",
                "short",
                "sum(camgrid_partitions_months_missing)",
                "Of last month, this one and the next: inserts into it fail.",
                limits.of("PartitionsTooFew"),
            ),
            number(
                "Months ahead end in",
                "s",
                "min(camgrid_partitions_until_timestamp_seconds) - time()",
                "Until when results have a partition to go to.",
                limits.of("PartitionsTooFew", 1),
            ),
            number(
                "Jobs that failed",
                "short",
                "sum(camgrid_job_failed)",
                "On their last run; camgrid status shows the message.",
                limits.of("JobFailed"),
            ),
            number(
                "Jobs switched off",
                "short",
                "count(camgrid_job_active == 0) or vector(0)",
                "Of the database's own.",
                limits.ANY_WARNING,
            ),
            lines("Changes not in the rollups yet", "short", ("camgrid_rollup_pending", "changes")),
            lines("Partitions", "short", ("camgrid_partitions", "{{table_name}}")),
            lines(
                "Since a job ended last",
                "s",
                ("time() - camgrid_job_last_end_timestamp_seconds", "{{job}}"),
            ),
        ],
    }
    text = "Shards and their skew, rebalances, rollups, monthly partitions and jobs."
    return dashboard_of("camgrid-citus", "camgrid: Citus and the data", text, sections)
