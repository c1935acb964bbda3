"""Alerts on the loss of a host, a group or a quorum are fired for real, and are over when it is back."""

from __future__ import annotations

import pytest

from tests.cluster import breaking
from tests.cluster.firing import ENDS_S, Cause, fire
from tests.cluster.support import wait_until
from tests.cluster.waiting import settle

pytestmark = [pytest.mark.long, pytest.mark.larger, pytest.mark.needs_workers]


def test_a_host_that_is_gone_is_told_of_once(cluster, watching, places):
    gone = places["replica 1"].host
    with breaking.killed(cluster, gone):
        wait_until(lambda: watching.fires("HostDown", instance=gone), 120)
        assert not watching.fires("ExporterDown", instance=gone)
        assert not watching.fires("MemberDown", instance=gone)
    wait_until(lambda: not watching.fires("HostDown", instance=gone), ENDS_S)
    settle(cluster)


def test_groups_that_are_gone(cluster, watching):
    worker, coordinator = ([node.host for node in cluster.topology.group(group)] for group in (2, 0))
    fire(
        watching,
        Cause(breaking.all_stopped(cluster, worker, "patroni"), {"PrimaryAbsent": {"citus_group": "2"}}),
        Cause(
            breaking.all_stopped(cluster, coordinator, "patroni"),
            {"CoordinatorSilent": {}, "EndpointDown": {"proxy": "write"}},
        ),
    )
    settle(cluster)


def test_etcd_without_a_quorum(cluster, watching):
    members = cluster.topology.etcd[cluster.topology.region_names[0]]
    left = members[0]
    fire(
        watching,
        Cause(breaking.all_stopped(cluster, members[1:], "etcd"), {"EtcdNoLeader": {"instance": left}}),
    )
    settle(cluster)
