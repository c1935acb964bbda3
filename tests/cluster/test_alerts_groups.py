"""Alerts on groups and their members are fired for real, each by what it is about: by the same rules in a hurry."""

from __future__ import annotations

import pytest

from tests.cluster import breaking
from tests.cluster.firing import Cause, fire
from tests.cluster.waiting import settle

pytestmark = [pytest.mark.long, pytest.mark.larger, pytest.mark.needs_workers]


def test_a_replica_that_stops_lags_or_hears_nothing(cluster, watching, places):
    stopped, behind, alone = places["replica 1"], places["replica 2"], places["analytics"]
    message = "SELECT pg_logical_emit_message(true, 'alarm', '')"
    commit = breaking.psql(cluster, cluster.leader(2), [message], [message])
    fire(
        watching,
        Cause(
            breaking.stopped(cluster, stopped.host, "patroni"),
            {
                "MemberDown": {"instance": stopped.host},
                "NodeSilent": {"host": stopped.host},
                "ReplicaGone": {"host": cluster.leader(1).host},
                "SynchronousStandbyMissing": {"host": cluster.leader(1).host},
            },
        ),
        Cause(breaking.unreached(cluster, alone.host), {"ReplicaNotStreaming": {"instance": alone.host}}),
        Cause(
            breaking.replay_frozen(cluster, behind.host),
            {"ReplicaLagging": {"replica": behind.host, "host": cluster.leader(2).host}},
        ),
        Cause(commit, {}),
    )
    settle(cluster)


def test_what_is_left_behind(cluster, watching):
    coordinator = cluster.leader(0)
    pause = breaking.shared(cluster, 0, {"pause": True}, {"pause": None})
    fire(
        watching,
        Cause(breaking.prepared(cluster, cluster.leader(1)), {"PreparedTransactionsLeft": {}}),
        Cause(pause, {"PatroniPaused": {"instance": coordinator.host}}),
        Cause(breaking.restart_needed(cluster, 2), {"RestartPending": {"instance": cluster.leader(2).host}}),
    )
    settle(cluster)


def test_a_disk_that_fills(cluster, watching, places):
    host = places["replica 1"].host
    fire(
        watching,
        Cause(
            breaking.filling(cluster, host, "/srv/filling", 14_000_000, growth=20_000),
            {"DiskFilling": {"instance": host, "mountpoint": "/srv/filling"}},
        ),
        Cause(
            breaking.filling(cluster, host, "/srv/full", 16_000_000),
            {"DiskNearlyFull": {"instance": host, "mountpoint": "/srv/full"}},
        ),
    )
