"""`camgrid replication` and camgrid.monitor_replication_lag() while a replica lags, and while one is away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from camgrid.topology import Node
from tests.cluster.support import MEASURED, Cluster
from tests.cluster.waiting import settle, until
from tests.cluster.writer import INSERT

pytestmark = pytest.mark.once

CAMERAS = range(941_000, 941_064)


def view(cluster: Cluster, *arguments: str) -> dict[str, Any]:
    """JSON of the verb, whose exit code says the same."""
    run = cluster.camgrid("replication", "--json", *arguments)
    document = json.loads(run.stdout)
    assert run.returncode == (0 if document["healthy"] else 3)
    return document


def replica(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in document["replicas"] if each["member"] == name)


@pytest.fixture
def follower(cluster: Cluster) -> Node:
    """A replica that commits wait for, of a group that holds rows."""
    leader = cluster.leader(cluster.topology.groups()[-1])
    return next(n for n in cluster.topology.group(leader.group) if n != leader and not n.analytics)


@contextmanager
def replay_stopped(cluster: Cluster, node: Node) -> Iterator[None]:
    """WAL arrives at a replica and is not replayed meanwhile."""
    host = cluster.host(node.host)
    process = host.check_output("pgrep --full '^postgres: .*[s]tartup '")
    host.check_output("kill -STOP %s", process)
    try:
        yield
    finally:
        host.check_output("kill -CONT %s", process)


def write(cluster: Cluster) -> None:
    """A row for each of enough cameras to reach every group."""
    with cluster.connect("writer") as conn, conn.transaction():
        now = conn.execute("SELECT clock_timestamp()").fetchone()[0]
        conn.cursor().executemany(INSERT, [(camera, now) for camera in CAMERAS])


def test_idle_replicas_are_not_behind(cluster):
    settle(cluster)
    document = until(lambda: (seen := view(cluster))["healthy"] and seen)
    assert all(each["lag_seconds"] < 1 for each in document["replicas"])
    assert {each["sync"] for each in document["replicas"]} <= {"quorum", "async"}


def test_a_lag_is_shown_in_bytes_and_in_seconds_that_go_on_growing(cluster, follower):
    name, strict = follower.host, ("--max-seconds", "5")
    with replay_stopped(cluster, follower):
        write(cluster)
        first = until(lambda: (seen := replica(view(cluster), name))["lag_seconds"] and seen)
        # Nothing is written any more, and it gets later all the same.
        late = until(lambda: not (seen := view(cluster, *strict))["healthy"] and seen)
        told = cluster.rows("SELECT replica_name, lag_seconds, lag_bytes, status FROM monitor_replication_lag()")
        MEASURED.append("camgrid replication during a lag:\n" + cluster.camgrid("replication", *strict).stdout)
    now = replica(late, name)
    assert now["lag_seconds"] > max(5, first["lag_seconds"])
    assert now["state"] == "streaming"
    assert now["replay_lag_bytes"] >= first["replay_lag_bytes"] > 1000
    assert now["flush_lag_bytes"] < now["replay_lag_bytes"], "it has arrived"
    (finding,) = late["findings"]
    assert finding["where"] == f"group {follower.group}"
    assert finding["what"].startswith(f"{name} is ")
    assert "is not replayed" in finding["next"]
    ((seconds, size, status),) = [rest for each, *rest in told if each == name]
    assert seconds >= 5
    assert size > 1000
    assert status == "healthy", "the strategy's limit is 300 s"
    until(lambda: view(cluster, *strict)["healthy"])
    settle(cluster)


def test_a_replica_that_is_away_is_a_finding_and_its_slot_waits(cluster, follower):
    host = cluster.host(follower.host)
    host.check_output("systemctl stop patroni")
    try:
        document = until(lambda: replica(seen := view(cluster), follower.host)["state"] is None and seen)
        assert f"{follower.host} does not stream" in document["findings"][0]["what"]
        (slot,) = [slot for slot in document["slots"] if slot["slot"] == follower.host.replace("-", "_")]
        assert not slot["active"]
        told = dict(cluster.rows("SELECT replica_name, status FROM monitor_replication_lag()"))
        assert told.pop(follower.host) == "disconnected"
        assert set(told.values()) == {"healthy"}
    finally:
        host.check_output("systemctl start patroni")
        settle(cluster)


@pytest.mark.parametrize("verb", ["nodes list", "replication"])
def test_what_the_verbs_show_is_the_inventorys(cluster, verb):
    run = cluster.camgrid(*verb.split(), "--json")
    assert run.returncode == 0, run.stdout
    document = json.loads(run.stdout)
    leaders = {cluster.leader(group).host for group in cluster.topology.groups()}
    rows = document["nodes"] if verb == "nodes list" else document["replicas"]
    hosts = {node.host for node in cluster.topology.nodes}
    assert {row["member"] for row in rows} == (hosts if verb == "nodes list" else hosts - leaders)
