"""What the daemon reads and writes: the role's file, its rule in nftables, its cut on disk."""

import os
import shutil
import subprocess
from pathlib import Path

import jinja2
import pytest

from roles.fast_failover.files.camgrid_fast_failover import fence, settings
from roles.fast_failover.files.camgrid_fast_failover.decide import Cut
from roles.fast_failover.files.camgrid_fast_failover.record import Record

ROLE = Path(__file__).resolve().parents[2] / "roles/fast_failover"
INPUTS = {
    "ansible_managed": "Ansible managed",
    "fast_failover_etcd_addresses": ["10.0.0.5", "10.0.0.6"],
    "fast_failover_cluster": "harbour",
    "fast_failover_citus_group": 0,
    "fast_failover_member": "Node-A",
    "fast_failover_members": [
        {"host": "Node-A", "address": "10.0.0.11"},
        {"host": "node-b", "address": "10.0.0.12"},
    ],
    "fast_failover_others": [{"host": "W-1", "address": "10.0.0.21", "group": 1}],
    "fast_failover_certificate": "/etc/camgrid/pki/node.pem",
    "fast_failover_ca_certificate": "/etc/camgrid/pki/ca.crt",
    "fast_failover_tls_group": "camgrid-tls",
    "fast_failover_silence_s": 3,
}


def render(name, **inputs):
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701
    return environment.from_string((ROLE / "templates" / name).read_text()).render(INPUTS | inputs)


@pytest.mark.parametrize(("group", "path"), [(0, "harbour/0/"), (None, "harbour/")])
def test_the_daemon_reads_what_the_role_writes(tmp_path, group, path):
    file = tmp_path / "settings"
    file.write_text(render("fast_failover.ini.j2", fast_failover_citus_group=group))
    assert settings.load(file) == settings.Settings(
        member="Node-A",
        addresses={"Node-A": "10.0.0.11", "node-b": "10.0.0.12"},
        etcd_addresses=("10.0.0.5", "10.0.0.6"),
        patroni_prefix=f"/service/{path}",
        own_prefix=f"/camgrid/{path}",
        certificate="/etc/camgrid/pki/node.pem",
        ca_certificate="/etc/camgrid/pki/ca.crt",
        silence_s=3.0,
        groups_prefix="/service/harbour/",
        others={"W-1": ("1", "10.0.0.21")},
    )


def test_the_unit_is_up_before_postgresql_and_may_change_the_firewall_and_nothing_else():
    unit = render("camgrid-fast-failover.service.j2")
    assert "\nBefore=patroni.service\n" in unit
    assert "\nAmbientCapabilities=CAP_NET_ADMIN\nCapabilityBoundingSet=CAP_NET_ADMIN\n" in unit
    assert "\nSupplementaryGroups=camgrid-tls\n" in unit


def test_the_rule_drops_what_goes_to_the_leaders_postgresql():
    assert "ip daddr 10.0.0.11 tcp dport 5432 drop" in fence.rules("10.0.0.11")
    assert "ip6 daddr fd00::11 tcp dport 5432 drop" in fence.rules("fd00::11")


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("nft"), reason="root and nft are needed to load rules")
def test_the_kernel_says_what_was_installed(monkeypatch):
    monkeypatch.setattr(fence, "_TABLE", "inet camgrid_cut_test")
    fence.remove()
    assert not fence.in_force("192.0.2.1")
    try:
        fence.install("192.0.2.1")
        fence.install("192.0.2.1")
        assert fence.in_force("192.0.2.1")
        assert not fence.in_force("192.0.2.2")
        rule = ["nft", "insert", "rule", *fence._TABLE.split(), "output", "accept"]
        subprocess.run(rule, check=True)
        assert not fence.in_force("192.0.2.1"), "a rule before it makes it worthless"
    finally:
        fence.remove()
    assert not fence.in_force("192.0.2.1")


def test_a_cut_is_read_as_it_was_kept(tmp_path):
    record = Record(tmp_path / "cut.json")
    assert record.load() is None
    cut = Cut("a", "10.0.0.1", "7", 4, "99", withdrawn=True)
    record.keep(cut)
    assert record.load() == cut
    record.forget()
    record.forget()
    assert list(tmp_path.iterdir()) == []
