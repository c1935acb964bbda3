"""What the lab refuses, and what it writes for others to read: rules, a host's network, its name servers."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from camgrid.errors import UsageError
from camgrid.lab import aptcache, config, cut, machine, network, rootfs, up
from camgrid.lab.config import Lab

SUBNET = IPv4Network("10.79.0.0/24")


@pytest.mark.parametrize(
    ("disk", "memory", "hosts", "says"),
    [(9, 64000, 7, "9 GB free"), (50, 6000, 7, "6000 MB of memory"), (50, 3000, 4, "3000 MB")],
)
def test_too_small_a_machine_is_refused(disk, memory, hosts, says):
    with pytest.raises(UsageError, match=says) as refusal:
        machine.refuse_small(disk, memory, hosts)
    assert refusal.value.where
    assert refusal.value.hint


def test_a_machine_as_small_as_allowed_will_do():
    machine.refuse_small(machine.DISK_GB, 7 * machine.MEMORY_MB_PER_HOST, 7)


@pytest.mark.parametrize(("system", "uid", "says"), [("Darwin", 0, "needs Linux"), ("Linux", 1000, "needs root")])
def test_the_wrong_kind_of_machine_is_refused(monkeypatch, system, uid, says):
    monkeypatch.setattr(machine.platform, "system", lambda: system)
    monkeypatch.setattr(machine.os, "geteuid", lambda: uid)
    with pytest.raises(UsageError, match=says):
        machine.check_kind()


def link(name, address, length):
    return {"ifname": name, "addr_info": [{"local": address, "prefixlen": length}]}


@pytest.mark.parametrize(
    ("addresses", "routes", "says"),
    [
        ([link("eth0", "192.0.2.2", 24)], [{"dst": "default", "dev": "eth0"}], ""),
        ([link("eth0", "10.79.0.9", 16)], [], "interface eth0 has 10.79.0.9/16"),
        ([], [{"dst": "10.0.0.0/8", "dev": "tun0"}], "a route to 10.0.0.0/8 goes through tun0"),
        ([], [{"dst": "10.79.0.7", "type": "blackhole"}], "a route to 10.79.0.7"),
        ([link("cg-test", "10.79.0.1", 24)], [{"dst": "10.79.0.0/24", "dev": "cg-test"}], ""),
    ],
)
def test_a_subnet_in_use_is_found(addresses, routes, says):
    found = network.overlap(SUBNET, "cg-test", addresses, routes)
    assert found.startswith(says)
    assert bool(found) == bool(says)


def test_a_labs_rules_are_in_tables_named_after_it():
    lab = Lab("test", SUBNET)
    assert "table ip camgrid_lab_test" in network.rules(lab)
    assert "table bridge camgrid_cut_test" in cut.rules(lab)
    assert 'ip saddr 10.79.0.0/24 oifname != "cg-test" masquerade' in network.rules(lab)


def test_hosts_without_a_way_out_reach_each_other_and_nothing_else(tmp_path):
    lab = Lab("test", SUBNET, bundle="/srv/test.tar")
    rules = network.rules(lab)
    assert "masquerade" not in rules
    assert 'iifname "cg-test" oifname != "cg-test" drop' in rules
    assert 'iifname "cg-test" ct state != { established, related } drop' in rules
    assert up.shown_packages(lab) is None
    given = up.surroundings(lab)
    assert (given.resolv_conf, given.apt_proxy) == ("", None)


def test_hosts_keep_the_way_out_that_they_have(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "STATE", tmp_path)
    host = tmp_path / "labs/test/hosts/g0m1"
    host.mkdir(parents=True)
    (host / "address").write_text("10.79.0.11")
    with pytest.raises(UsageError, match="the hosts of lab test have a way out"):
        up._decide_way_out(Lab("test", SUBNET), tmp_path / "test.tar")
    offline = Lab("test", SUBNET, bundle="/srv/old.tar")
    up._decide_way_out(offline, None)
    assert offline.bundle == "/srv/old.tar"
    up._decide_way_out(offline, tmp_path / "new.tar")
    assert offline.bundle == str(tmp_path / "new.tar")


def test_a_hosts_network_is_static():
    text = rootfs.networkd(Lab("test", SUBNET), "10.79.0.11", 1400)
    assert "Address=10.79.0.11/24\nGateway=10.79.0.1\n" in text
    assert "MTUBytes=1400" in text


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("nameserver 127.0.0.53\noptions edns0\n", []),
        ("# nameserver 1.2.3.4\nnameserver 10.0.0.2\nnameserver ::1\n", ["10.0.0.2"]),
        (" nameserver 192.0.2.1\nnameserver fe80::1%eth0\nnameserver 192.0.2.3\n", ["192.0.2.1", "192.0.2.3"]),
    ],
)
def test_only_name_servers_that_hosts_can_reach_are_passed_on(text, servers):
    assert rootfs.usable_servers(text) == servers


def test_the_apt_cache_goes_through_the_machines_own_proxy():
    assert "Proxy: http://proxy:8080\n" in aptcache.configuration("http://proxy:8080")
    assert "Proxy" not in aptcache.configuration("")
    assert aptcache.url(Lab("test", SUBNET)) == "http://10.79.0.1:3143"
