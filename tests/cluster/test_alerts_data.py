"""Alerts on months, rollups, jobs and shards are fired for real, each by what it is about: by rules in a hurry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

import pytest

from tests.cluster import breaking
from tests.cluster.firing import Cause, fire
from tests.cluster.support import Cluster
from tests.cluster.waiting import settle, until

ROLLUPS = "camgrid-refresh-rollups"
pytestmark = [pytest.mark.long, pytest.mark.larger, pytest.mark.needs_workers]


@contextmanager
def next_month_missing(cluster: Cluster) -> Iterator[None]:
    """A table without a partition for the month that comes."""
    now = datetime.now(UTC)
    name = f"camera_events_y{now.year + now.month // 12}m{now.month % 12 + 1:02}"
    assert cluster.value(f"SELECT count(*) FROM camgrid.{name}") == 0
    cluster.drop_partition(name)
    try:
        yield
    finally:
        cluster.rows("SELECT camgrid.ensure_partitions()")


def test_jobs_that_stop_and_what_they_leave_undone(cluster, watching):
    fire(
        watching,
        Cause(breaking.job(cluster, ROLLUPS), {"RollupsStale": {}, "JobFailed": {"job": ROLLUPS}}),
        Cause(next_month_missing(cluster), {"PartitionsTooFew": {"table_name": "camera_events"}}),
    )
    settle(cluster)


def test_metadata_that_are_not_as_they_should_be(cluster, watching):
    """As Citus notes it of itself when a node could not be told, or a shard not be written to."""
    coordinator, node = cluster.leader(0), cluster.leader(1)
    active = "UPDATE pg_dist_node SET isactive = {} WHERE nodename = '" + node.name + "'"
    state = """UPDATE pg_dist_placement SET shardstate = {} WHERE shardid =
        (SELECT min(shardid) FROM pg_dist_shard WHERE logicalrelid = 'camgrid.counting_results'::regclass)"""
    inactive = breaking.psql(cluster, coordinator, [active.format("false")], [active.format("true")])
    unused = breaking.psql(cluster, coordinator, [state.format(3)], [state.format(1)])
    fire(
        watching,
        Cause(inactive, {"MetadataOutOfSync": {"node": node.name}}),
        Cause(unused, {"PlacementsInactive": {}}),
    )
    settle(cluster)


def rebalance_of(cluster: Cluster, *moves: str) -> AbstractContextManager[None]:
    """These statements in Citus's queue in the place of a rebalance's moves; afterwards they never were."""
    job = "INSERT INTO pg_dist_background_job (job_type, description) VALUES ('rebalance', 'alarm') RETURNING job_id"
    task = "INSERT INTO pg_dist_background_task (job_id, command) SELECT job_id, unnest(ARRAY[$${}$$]) FROM job"
    mine = "job_id IN (SELECT job_id FROM pg_dist_background_job WHERE description = 'alarm')"
    over = [
        "SELECT citus_job_cancel(job_id) FROM pg_dist_background_job WHERE description = 'alarm'",
        "SELECT citus_job_wait(job_id) FROM pg_dist_background_job WHERE description = 'alarm'",
        f"DELETE FROM pg_dist_background_task WHERE {mine}",
        "DELETE FROM pg_dist_background_job WHERE description = 'alarm'",
    ]
    return breaking.psql(cluster, cluster.leader(0), [f"WITH job AS ({job}) {task.format('$$, $$'.join(moves))}"], over)


def test_a_rebalance_that_does_not_get_on(cluster, watching):
    """What stands for a move fails however often Citus tries it, and another takes for ever; it runs one at a time."""
    never = rebalance_of(cluster, "SELECT 1 / 0", "SELECT pg_sleep(3600)")
    fire(watching, Cause(never, {"RebalanceStuck": {}, "BackgroundTaskFails": {}}))
    settle(cluster)


def test_a_query_that_is_not_answered(cluster, watching):
    fire(watching, Cause(breaking.locked(cluster, "cron.job_run_details"), {"QueryUnanswered": {"query": "jobs"}}))
    settle(cluster)


_MOVE = """
    SELECT citus_move_shard_placement(%s, source.nodename, source.nodeport, target.nodename, target.nodeport)
    FROM pg_dist_node AS source, pg_dist_node AS target
    WHERE source.groupid = 2 AND target.groupid = 1 AND source.noderole = 'primary' AND target.noderole = 'primary'
"""
_LARGEST = "SELECT shard_id::bigint FROM camgrid.shard_sizes() WHERE citus_group = 2 ORDER BY bytes DESC LIMIT 6"


@contextmanager
def uneven(cluster: Cluster) -> Iterator[None]:
    """Group 1 has some of group 2's shards; a rebalance by count gives them back afterwards."""
    with cluster.connect("admin") as conn:
        for (shard,) in conn.execute(_LARGEST).fetchall():
            conn.execute(_MOVE, (shard,))
    yield


def test_shards_that_are_uneven(cluster, watching):
    with uneven(cluster):
        until(lambda: watching.fires("ShardSkew"), 90)
    done = cluster.camgrid("rebalance", "start", "--by", "count", "--watch", "--yes")
    assert done.returncode == 0, done.stderr
    until(lambda: not watching.fires("ShardSkew"), 90)
    settle(cluster)
