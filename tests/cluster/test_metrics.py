"""Everything that is to be told is told, over TLS, to those who may know; and a healthy lab alarms nobody."""

from __future__ import annotations

import re
import shlex
import socket
import time
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import yaml

from camgrid import monitoring
from tests.cluster.prometheus import Prometheus
from tests.cluster.support import MEASURED, ROOT, wait_until

pytestmark = pytest.mark.larger
RULES = [
    rule
    for path in sorted((ROOT / "roles/prometheus/files/rules").glob("*.yml"))
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
]
# What an expression has besides metrics.
NO_METRIC = re.compile(r"""\b(by|on)\ \([^)]*\) | "[^"]*" | \{[^}]*\} | \[[^\]]*\] | \b\w+(?=\s*\()""", re.X)
# PromQL's own words ("unless", "group by") are of one word, as none of these metrics but "up" is.
METRIC = re.compile(r"\bup\b|\b[a-z]+[_:][a-z0-9_:]+")
# Only with shards.
OF_CITUS = re.compile("camgrid[_:](node_metadata|node_active|rebalance|background|worker)")
# Made by nobody while there is nothing of it to tell: no drill, no rebalance, nothing that waits.
PERHAPS = {"camgrid_restore_drill_last_timestamp_seconds", "camgrid_restore_drill_failed"}
PERHAPS |= {"camgrid_rollup_oldest_pending_timestamp_seconds"}
# Asks for a URL with the host's own certificate ("1") or without one; prints the status.
ASK = """
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile="/etc/camgrid/pki/ca.crt")
if sys.argv[2] == "1":
    context.load_cert_chain("/etc/camgrid/pki/node.pem")
print(urllib.request.urlopen(sys.argv[1], context=context, timeout=5).status)
"""


@pytest.fixture(scope="module")
def prometheus(cluster):
    if not cluster.topology.roles.get("monitor"):
        pytest.skip("this lab has no monitor")
    return Prometheus(cluster)


def asked(cluster, host: str, url: str, certificate: bool) -> str:
    """What a host gets when it asks: a status, or how it was refused."""
    run = cluster.host(host).run(f"python3 -c {shlex.quote(ASK)} {url} {int(certificate)}")
    return run.stdout.strip() or run.stderr.strip().splitlines()[-1]


def names(expression: str) -> set[str]:
    """The metrics that a rule asks for."""
    return set(METRIC.findall(NO_METRIC.sub("", expression)))


def test_every_target_of_the_inventory_answers_over_tls(cluster, prometheus):
    wanted = monitoring.targets(cluster.topology, prometheus.host)
    expected = {job: {entry["labels"]["instance"] for entry in entries} for job, entries in wanted.items() if entries}
    targets = prometheus.get("targets?state=active")["activeTargets"]
    found = {job: {t["labels"]["instance"] for t in targets if t["scrapePool"] == job} for job in expected}
    assert found == expected
    assert {target["scrapeUrl"].split(":")[0] for target in targets} == {"https"}
    broken = {f"{target['scrapePool']} {target['labels']['instance']}": target["lastError"] for target in targets}
    assert {name: error for name, error in broken.items() if error} == {}


def test_monitors_alone_are_told_and_only_over_tls(cluster, prometheus):
    node = cluster.topology.group(1)[0] if cluster.topology.sharded else cluster.topology.nodes[0]
    for port in (monitoring.NODE_PORT, monitoring.POSTGRES_PORT):
        url = f"{node.address}:{port}/metrics"
        assert asked(cluster, prometheus.host, f"https://{url}", certificate=True) == "200"
        assert "certificate required" in asked(cluster, prometheus.host, f"https://{url}", certificate=False).lower()
        assert "400" in asked(cluster, prometheus.host, f"http://{url}", certificate=False)
        # A host of the cluster that is no monitor: its certificate is good, but not one of those named.
        assert asked(cluster, node.host, f"https://{url}", certificate=True) != "200"
        with pytest.raises(OSError, match="timed out"):
            socket.create_connection((node.address, port), timeout=2)


def test_prometheus_answers_operators_alone(prometheus):
    url = f"https://{prometheus.address}:{monitoring.PROMETHEUS_PORT}/api/v1/alerts"
    for refused in (url, url.replace("https", "http")):
        with pytest.raises((URLError, OSError)):
            urlopen(refused, context=prometheus.trusting, timeout=5)  # noqa: S310
    assert "alerts" in prometheus.get("alerts")


def test_every_metric_that_a_rule_asks_for_is_there(cluster, prometheus):
    asked_for = {name for rule in RULES for name in names(rule["expr"])}
    if not cluster.topology.sharded:
        asked_for -= {name for name in asked_for if OF_CITUS.match(name)}
    assert len(asked_for) > 50
    assert asked_for - PERHAPS - prometheus.metrics() == set()


def test_the_rules_that_run_are_those_of_the_role(prometheus):
    running = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in running} == {rule.get("alert", rule.get("record")) for rule in RULES}
    assert {rule["health"] for rule in running} == {"ok"}


def test_a_healthy_lab_alarms_nobody(prometheus):
    # Those that other tests caused are over soon.
    wait_until(lambda: not prometheus.alerts(), 240)
    begun = time.time() - float(prometheus.query("process_start_time_seconds{job='prometheus'}")[0][1])
    MEASURED.append(f"no alert fires on the healthy lab; Prometheus has looked for {begun / 60:.0f} minutes")


def test_numbers_are_the_clusters_own(cluster, prometheus):
    assert prometheus.query("camgrid_up")[0][1] == 1
    assert prometheus.query("camgrid_cameras")[0][1] == cluster.value("SELECT count(*) FROM camgrid.cameras")
    groups = {labels["citus_group"]: number for labels, number in prometheus.query("camgrid_placements")}
    assert groups == {
        str(group): number
        for group, number in cluster.rows("SELECT citus_group, count(*) FROM camgrid.shard_placements() GROUP BY 1")
    }
    lag = {labels["replica"] for labels, _ in prometheus.query("camgrid_replica_lag_bytes")}
    leading = {member.name for member in cluster.members() if member.role == "leader"}
    assert lag == {node.host for node in cluster.topology.nodes} - leading
    shown = {(labels["host"], labels["service"]) for labels, _ in prometheus.query("camgrid_certificate_verified == 1")}
    assert shown == {
        (host["host"], service) for host in monitoring.monitored(cluster.topology) for service in host["services"]
    }
