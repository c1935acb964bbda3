"""Each alert of a telling set is fired for real, by causing what it is about, and is over when that is."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from tests.cluster.breaking import done, job_failing, killed, prepared, stopped
from tests.cluster.prometheus import Prometheus
from tests.cluster.support import MEASURED, wait_until
from tests.cluster.waiting import settle

pytestmark = [pytest.mark.long, pytest.mark.larger, pytest.mark.needs_workers]
ENDS_S = 300


@pytest.fixture(scope="module")
def prometheus(cluster):
    return Prometheus(cluster)


@pytest.fixture(scope="module")
def places(cluster, prometheus):
    """Where things are broken: a replica, its primary, a proxy that is no monitor and is in etcd too."""
    primary = cluster.leader(1)
    replica = next(node for node in cluster.topology.group(1) if node != primary)
    other = next(host for host in cluster.topology.proxies() if host != prometheus.host)
    return {"replica": replica.host, "primary": primary.host, "proxy": other}


def fire(prometheus: Prometheus, faults: list, wanted: dict[str, dict[str, str]], seconds: float = 240) -> None:
    """Causes all faults at once, waits until all alerts fire, undoes the faults, and waits until they are over.

    wanted: alert → labels that it has to have.
    """

    def firing() -> set[str]:
        return {name for name, labels in wanted.items() if prometheus.fires(name, **labels)}

    assert firing() == set(), "before anything was done"
    began, took = time.monotonic(), {}
    with ExitStack() as stack:
        for fault in faults:
            stack.enter_context(fault)
        while set(took) != set(wanted) and time.monotonic() - began < seconds:
            took |= {name: time.monotonic() - began for name in firing() - set(took)}
            time.sleep(2)
    assert set(took) == set(wanted), [alert["alertname"] for alert in prometheus.alerts("pending")]
    ended = time.monotonic()
    wait_until(lambda: not firing(), ENDS_S)
    MEASURED.append("alerts fired after s: " + ", ".join(f"{name} {after:.0f}" for name, after in took.items()))
    MEASURED.append(f"all of them were over {time.monotonic() - ended:.0f} s after their causes")


def test_what_stops_is_told_of_and_when_it_is_back(cluster, prometheus, places):
    replica, proxy = places["replica"], places["proxy"]
    faults = [
        stopped(cluster, replica, "patroni"),
        stopped(cluster, proxy, "prometheus-node-exporter"),
        stopped(cluster, proxy, "haproxy"),
        stopped(cluster, proxy, "etcd"),
        job_failing(cluster),
    ]
    wanted = {
        "MemberDown": {"instance": replica},
        "NodeSilent": {"host": replica},
        "SynchronousStandbyMissing": {"host": places["primary"]},
        "ExporterDown": {"instance": proxy, "job": "node"},
        "ProxyDown": {"instance": proxy},
        "EtcdMemberDown": {"instance": proxy},
        "JobFailed": {"job": "camgrid-test-fails"},
    }
    fire(prometheus, faults, wanted)
    settle(cluster)


def test_a_collector_that_stands_still_is_told_of(cluster, prometheus):
    stop, go = (f"systemctl kill --kill-whom=main --signal={signal} camgrid-metrics" for signal in ("STOP", "CONT"))
    fire(prometheus, [done(cluster, prometheus.host, stop, go)], {"CollectorStuck": {}})


def test_what_fills_waits_or_is_given_up_is_told_of(cluster, prometheus, places):
    replica, primary = places["replica"], places["primary"]
    full = "mkdir -p /srv/alarm && mount -t tmpfs -o size=8m x /srv/alarm && head -c 7900000 /dev/zero >/srv/alarm/x"
    repository = cluster.topology.backups()[0]
    archive = stopped(cluster, repository, "camgrid-pgbackrest")
    segment = done(cluster, primary, "runuser -u postgres -- psql -qXc 'SELECT pg_switch_wal()' camgrid", "true")
    faults = [
        stopped(cluster, replica, "patroni"),
        done(cluster, primary, full, "umount /srv/alarm && rmdir /srv/alarm"),
        prepared(cluster, cluster.leader(2).host),
        archive,
        segment,
    ]
    wanted = {
        "ReplicaGone": {"host": primary},
        "DiskNearlyFull": {"instance": primary, "mountpoint": "/srv/alarm"},
        "PreparedTransactionsLeft": {"host": cluster.leader(2).host},
        "ArchiveFailing": {"host": primary},
    }
    fire(prometheus, faults, wanted, seconds=900)
    settle(cluster)


def test_a_host_that_is_gone_is_told_of_once(cluster, prometheus, places):
    gone = places["replica"]
    with killed(cluster, gone):
        wait_until(lambda: prometheus.fires("HostDown", instance=gone), 180)
        assert not prometheus.fires("ExporterDown", instance=gone)
        assert not prometheus.fires("MemberDown", instance=gone)
    wait_until(lambda: not prometheus.fires("HostDown", instance=gone), ENDS_S)
    settle(cluster)
