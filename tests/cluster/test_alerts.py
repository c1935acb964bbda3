"""Alerts on what serves and what watches are fired for real, each by what it is about: by the same rules in a hurry."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from camgrid import pki
from tests.cluster import breaking
from tests.cluster.firing import Cause, fire
from tests.cluster.support import Cluster, wait_until
from tests.cluster.waiting import settle

pytestmark = [pytest.mark.long, pytest.mark.larger, pytest.mark.needs_workers]


def test_what_serves_and_does_not(cluster, watching, places):
    proxy, first, second = places["proxy"], places["replica 1"].host, places["replica 2"]
    wait = breaking.crowded(cluster, second, "reporter", 40)
    fire(
        watching,
        Cause(breaking.stopped(cluster, proxy, "haproxy"), {"ProxyDown": {"instance": proxy}}),
        Cause(breaking.stopped(cluster, proxy, "etcd"), {"EtcdMemberDown": {"instance": proxy}}),
        Cause(breaking.frozen(cluster, first, "pgbouncer"), {"PoolSilent": {}}),
        Cause(wait, {"PoolClientsWait": {}}),
        seconds=120,
    )
    settle(cluster)


def test_what_watches_and_does_not(cluster, watching, places):
    first, second = places["replica 1"].host, places["replica 2"].host
    monitor = cluster.topology.roles["monitor"][0]
    node, postgres = "prometheus-node-exporter", "prometheus-postgres-exporter"
    fire(
        watching,
        Cause(breaking.stopped(cluster, first, node), {"ExporterDown": {"instance": first, "job": "node"}}),
        Cause(breaking.frozen(cluster, second, postgres), {"ExporterSlow": {"instance": second, "job": "postgres"}}),
        Cause(breaking.frozen(cluster, monitor, "camgrid-metrics"), {"CollectorStuck": {}}),
        Cause(watching.rules_broken(), {"RulesFail": {}}),
    )
    # By itself: an alert that nobody takes is what it is about.
    fire(watching, Cause(watching.nobody_listening(), {"AlertsUndelivered": {}}))


def shown(cluster: Cluster, host: str, certificate: bytes) -> AbstractContextManager[None]:
    """Another certificate in a host's file, which exporters read at every connection."""
    path = "/etc/camgrid/pki/node.pem"
    do = f"cp -a {path} {path}.kept && cat >{path} <<'END'\n{certificate.decode()}END"
    return breaking.done(cluster, host, do, f"mv {path}.kept {path}")


def trusted_too(cluster: Cluster, host: str, ca: bytes) -> AbstractContextManager[None]:
    """One more CA among those that a host trusts."""
    path = "/etc/camgrid/pki/ca.crt"
    do = f"cp -a {path} {path}.kept && cat >>{path} <<'END'\n{ca.decode()}END"
    return breaking.done(cluster, host, do, f"mv {path}.kept {path}")


def issued(where: Path, cluster: Cluster, host: str) -> bytes:
    """A host's certificate and key, from the CA in a directory."""
    ca = x509.load_pem_x509_certificate((where / "ca.crt").read_bytes())
    key = serialization.load_pem_private_key((where / "ca.key").read_bytes(), None)
    return pki._issue(cluster.topology.subject(host), pki.names(cluster.topology, host), ca, key)


def test_certificates_that_end_or_are_refused(cluster, watching, places, tmp_path, monkeypatch):
    short, foreign = places["replica 1"].host, places["replica 2"].host
    monkeypatch.setattr(pki, "HOST_LIFE", pki.RENEW_BEFORE / 6)
    monkeypatch.setattr(pki, "CA_LIFE", pki.CA_LIFE / 100)
    for where in (tmp_path, tmp_path / "ending"):
        where.mkdir(exist_ok=True)
        pki.make_ca(where, cluster.topology.cluster)
    own, another = issued(pki.directory(cluster.inventory), cluster, short), issued(tmp_path, cluster, foreign)
    # The collector looks at certificates every five minutes, and when it starts.
    monitor, look = cluster.topology.roles["monitor"][0], "systemctl restart camgrid-metrics"
    fire(
        watching,
        Cause(breaking.done(cluster, monitor, "true", look), {}),
        Cause(shown(cluster, short, own), {"CertificateExpiring": {"host": short, "service": "node"}}),
        Cause(shown(cluster, foreign, another), {"CertificateRefused": {"host": foreign, "service": "node"}}),
        Cause(trusted_too(cluster, monitor, (tmp_path / "ending/ca.crt").read_bytes()), {"AuthorityExpiring": {}}),
        Cause(breaking.done(cluster, monitor, look, "true"), {}),
    )
    settle(cluster)


def test_the_lab_s_own_rules_tell_of_it_in_their_own_time(cluster, prometheus, places):
    proxy = places["proxy"]
    assert yaml.safe_load(prometheus.get("status/config")["yaml"])["global"]["scrape_interval"] == "15s"
    with breaking.stopped(cluster, proxy, "haproxy"):
        wait_until(lambda: prometheus.fires("ProxyDown", instance=proxy), 150)
    wait_until(lambda: not prometheus.fires("ProxyDown", instance=proxy), 90)
