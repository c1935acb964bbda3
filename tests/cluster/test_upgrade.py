"""Newer packages are taken up while cameras write: shown first, host by host, and gone on with after a run was killed.

The newer ones are the same software under a higher number, made on the hosts: what is tested is the way, not a version.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.prometheus import Prometheus
from tests.cluster.support import MEASURED, ROOT
from tests.cluster.waiting import settle, until
from tests.cluster.writer import Writer

pytestmark = pytest.mark.long

PATIENCE_S = 600


@pytest.fixture
def newer(cluster) -> Iterator[dict[str, dict[str, str]]]:
    """host → package → newer version that apt knows of: on one group, a host with etcd and a proxy, and monitors."""
    version = cluster.topology.postgresql_version
    wanted = {
        node.host: [f"postgresql-{version}", "patroni", "pgbouncer"]
        for node in cluster.topology.group(cluster.topology.groups()[-1])
    }
    service = next(host for host in cluster.topology.proxies() if host in cluster.topology.etcd["region_main"])
    wanted[service] = ["etcd-server", "haproxy", "keepalived"]
    for host in {*wanted, *cluster.topology.roles["monitor"]}:
        wanted.setdefault(host, []).append("prometheus-node-exporter")
    for monitor in cluster.topology.roles["monitor"]:
        wanted[monitor] += ["python3-prometheus-client", "nginx-light"]
    suffix = f"+again{int(time.time())}"
    made = {}
    for host, packages in wanted.items():
        told = {"packages": packages, "suffix": suffix}
        made[host] = cluster.run_there("make_newer", told, cluster.topology.hosts[host])
    yield made
    for host in wanted:
        cluster.host(host).run("rm -rf /etc/apt/sources.list.d/newer.list /var/tmp/newer && apt-get update")


def upgrade(cluster, hosts, *arguments: str) -> list[str | Path]:
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", cluster.path, "playbooks/upgrade.yml"]
    return [*command, "--limit", ",".join(["localhost", *hosts]), *arguments]


def versions(cluster, newer) -> dict[str, dict[str, str]]:
    """host → package → what is installed, of those that newer ones were made of."""
    show = "dpkg-query --show --showformat='${Package} ${Version}\\n' "
    found = {host: cluster.host(host).check_output(show + " ".join(packages)) for host, packages in newer.items()}
    return {host: dict(line.split() for line in text.splitlines()) for host, text in found.items()}


def run(cluster, newer, *arguments: str) -> str:
    told = subprocess.run(upgrade(cluster, newer, *arguments), cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr
    return told.stdout


def killed_half_way(cluster, newer) -> None:
    """A run that is killed once it has installed the first host's newer packages, before that host is restarted."""
    command = upgrade(cluster, newer)
    # Ansible's workers too: they are of its session.
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        for line in process.stdout:
            if "Restart Patroni, and PostgreSQL with it" in line:
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def test_newer_versions_are_taken_up_while_cameras_write(cluster, newer):
    settle(cluster)
    before = versions(cluster, newer)
    leader = next(
        node.host for node in cluster.topology.nodes if node.host in newer and node == cluster.leader(node.group)
    )
    shown = run(cluster, newer, "--check")
    for packages in newer.values():
        assert all(f"{name}: " in shown and f"becomes {version}" in shown for name, version in packages.items())
    assert versions(cluster, newer) == before
    with Writer(cluster, "ingest") as writer:
        killed_half_way(cluster, newer)
        began = time.monotonic()
        said = run(cluster, newer)
        MEASURED.append(f"{len(newer)} hosts were upgraded in {time.monotonic() - began:.0f} s after a run was killed")
    assert versions(cluster, newer) == newer
    assert "leads in place of" in said
    # What watches comes last, and has not missed what came before.
    assert said.index("PLAY [Upgrade primaries]") < said.index("PLAY [Upgrade exporters]")
    until(lambda: not Prometheus(cluster).query("up == 0"))
    assert cluster.leader(cluster.topology.node(leader).group).host != leader
    again = run(cluster, newer)
    assert "becomes" not in again
    assert "still runs" not in again
    MEASURED.append(
        f"of {len(writer.acknowledged)} writes meanwhile {writer.retried} were sent twice, {len(writer.failed)} failed"
    )
    assert writer.failed == []
    assert writer.missing() == []


def test_a_cluster_that_is_not_healthy_is_left_alone(cluster, newer):
    settle(cluster)
    before = versions(cluster, newer)
    replica = next(
        node.host for node in cluster.topology.nodes if node.host in newer and node != cluster.leader(node.group)
    )
    cluster.host(replica).check_output("systemctl stop patroni")
    try:
        command = upgrade(cluster, newer)
        told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    finally:
        cluster.host(replica).check_output("systemctl start patroni")
    assert told.returncode != 0
    assert "The cluster is not healthy" in told.stdout
    assert versions(cluster, newer) == before
    settle(cluster)
