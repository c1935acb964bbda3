"""Every host is what the roles promise; expectations come from the inventory."""

from __future__ import annotations

import pytest

from camgrid import tuning
from camgrid.topology import ENDPOINT_PORTS

pytestmark = pytest.mark.once


def test_knows_itself_and_the_others(host, cluster):
    names = {node.name: node.address for node in cluster.topology.nodes} | cluster.topology.hosts
    for name, address in names.items():
        assert host.run(f"getent ahostsv4 {name}").stdout.split()[0] == address
    assert cluster.topology.hosts[host.check_output("hostname")]


def test_key_is_readable_by_its_group_alone(host):
    key = host.file("/etc/camgrid/pki/node.pem")
    assert (key.user, key.group, key.mode) == ("root", "camgrid-tls", 0o640)
    assert "PRIVATE KEY" not in host.file("/etc/camgrid/pki/ca.crt").content_string


def test_drops_what_is_not_named(host):
    rules = host.check_output("nft list chain inet camgrid input")
    assert "policy drop" in rules
    assert host.service("nftables").is_enabled


def test_listens_only_where_it_must(host, cluster):
    name = host.check_output("hostname")
    address = cluster.topology.hosts[name]
    listening = {
        line.split()[3] for line in host.check_output("ss --listening --tcp --numeric --no-header").splitlines()
    }
    open_to_all = {socket for socket in listening if socket.startswith(("0.0.0.0", "[::]", "*"))}  # noqa: S104
    assert open_to_all <= {"0.0.0.0:22", "[::]:22", "*:22"}
    if cluster.topology.node(name):
        assert {f"{address}:5432", "127.0.0.1:5432", f"{address}:8008", f"{address}:6432"} <= listening
    if name in cluster.topology.proxies():
        assert {f"{address}:{port}" for port in ENDPOINT_PORTS.values()} <= listening


@pytest.mark.parametrize(("setting", "value"), [("tcp_syn_retries", "1"), ("tcp_retries2", "5")])
def test_notices_a_vanished_host_soon(host, setting, value):
    assert host.file(f"/proc/sys/net/ipv4/{setting}").content_string.strip() == value


def test_starts_again_after_a_reboot(node):
    assert node.service("patroni").is_enabled
    assert node.service("patroni").is_running


def test_no_server_beside_patronis(node):
    assert node.check_output("pg_lsclusters --no-header") == ""
    assert len(node.check_output("pgrep --full 'bin/postgres -D'").split()) == 1


def test_settings_are_the_computed_ones(node, cluster):
    memory, cores, disk = (cluster.inventory.var(f"camgrid_host_{what}") for what in ("memory_mb", "cores", "disk"))
    this = cluster.topology.node(node.check_output("hostname"))
    with cluster.connect_to(this, "admin") as conn:
        running = dict(conn.execute("SELECT name, current_setting(name) FROM pg_settings").fetchall())
        pending = conn.execute("SELECT name FROM pg_settings WHERE pending_restart").fetchall()
    computed = tuning.postgresql(memory, cores, disk, version=cluster.topology.postgresql_version) | tuning.SHARED
    wanted = {name: str(value) for name, value in computed.items()}
    assert {name: running[name] for name in wanted} == wanted
    assert not pending


def test_shared_memory_is_what_huge_pages_are_computed_for(node, cluster):
    this = cluster.topology.node(node.check_output("hostname"))
    with cluster.connect_to(this, "admin") as conn:
        running = dict(conn.execute("SELECT name, current_setting(name) FROM pg_settings").fetchall())
    computed = tuning.shared_memory_mb(running)
    assert tuning.megabytes(running["shared_memory_size"]) <= computed
    assert computed <= tuning.megabytes(running["shared_memory_size"]) * 1.02 + 24
