"""The inventory that a lab derives from the committed one."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
import yaml

from camgrid import topology, validate
from camgrid.errors import UsageError
from camgrid.inventory import load
from camgrid.lab import config, inventory, up
from camgrid.lab.config import Lab


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "STATE", tmp_path / "state")
    monkeypatch.setenv("CAMGRID_PACKAGES", str(tmp_path / "packages"))
    monkeypatch.setattr(inventory.machine, "memory_mb", lambda: 24000)
    (tmp_path / "packages").mkdir()
    return tmp_path


@pytest.fixture
def citus(machine):
    package = machine / "packages" / "postgresql-17-citus-14.0_14.0.1_amd64.deb"
    package.touch()
    return package


def made(name="test", subnet="10.79.0.0/24", **decisions) -> Lab:
    lab = Lab.open(name, subnet)
    inventory.decide_phase(lab, **decisions)
    lab.save()
    inventory.write(lab)
    return lab


@pytest.mark.parametrize(
    ("text", "subnet", "there"),
    [
        ("10.77.0.11", "10.79.0.0/24", "10.79.0.11"),
        ("10.77.0.11/32", "10.79.0.0/24", "10.79.0.11/32"),
        ("10.77.0.0/24", "172.20.0.0/16", "172.20.0.0/16"),
        ("10.77.0.255", "192.168.4.0/22", "192.168.4.255"),
        ("192.0.2.7", "10.79.0.0/24", "192.0.2.7"),
        ("0.0.0.0/0", "10.79.0.0/24", "0.0.0.0/0"),
        ("10.999.0.1", "10.79.0.0/24", "10.999.0.1"),
    ],
)
def test_addresses_of_the_committed_subnet_move(text, subnet, there):
    assert inventory.moved(text, IPv4Network(subnet)) == there


def test_the_lab_called_lab_works_in_the_committed_inventory():
    assert inventory.inventory_of(Lab.open("lab")) == inventory.SOURCE
    assert inventory.inventory_of(Lab.open("lab", "10.79.0.0/24")) != inventory.SOURCE
    assert inventory.inventory_of(Lab.open("test")) != inventory.SOURCE


@pytest.mark.usefixtures("citus")
def test_with_a_citus_package_every_committed_host_of_the_first_region_is_there_at_its_new_address():
    lab = made()
    committed = load(inventory.SOURCE / "hosts.yml").hosts
    hosts = inventory.hosts_of_phase(lab)
    assert set(hosts) == set(load(inventory.SOURCE / "hosts.yml").groups[topology.MAIN_REGION])
    for name, address in hosts.items():
        before = IPv4Address(committed[name]["ansible_host"])
        assert int(IPv4Address(address)) - int(lab.subnet.network_address) == int(before) - int(config.BASE_SUBNET[0])


@pytest.mark.usefixtures("citus")
def test_the_last_phase_is_for_whoever_asks_and_adds_the_other_region():
    assert made().phase == "horizontal"
    lab = made(wanted="multi_region")
    assert topology.build(inventory.read(lab)).region_names == ["region_main", "region_dr"]
    assert set(inventory.hosts_of_phase(lab)) == set(load(inventory.SOURCE / "hosts.yml").hosts)


@pytest.mark.usefixtures("citus")
@pytest.mark.parametrize("phase", inventory.LAB_PHASES)
def test_the_derived_inventory_is_a_valid_one(phase):
    lab = made(wanted=phase)
    assert validate.problems(inventory.read(lab)) == []
    assert inventory.read(lab).var("camgrid_cluster") == "test"


def test_without_a_package_there_is_one_group_with_three_replicas(capsys):
    lab = made()
    cluster = topology.build(inventory.read(lab))
    assert (cluster.phase, cluster.groups(), len(cluster.group(0))) == ("read_scaling", [0], 4)
    assert set(inventory.hosts_of_phase(lab)) == set(inventory.planned_hosts(lab))
    said = " ".join(capsys.readouterr().err.split())
    assert "No Citus package for PostgreSQL 17" in said
    assert "postgresql-17-citus-14.0_*.deb" in said


def test_a_package_that_comes_later_brings_worker_groups_and_the_replica_stays(machine):
    lab = made()
    (machine / "packages" / "postgresql-17-citus-14.0_14.0.1_amd64.deb").touch()
    inventory.decide_phase(lab)
    inventory.write(lab)
    cluster = topology.build(inventory.read(lab))
    assert cluster.groups() == [0, 1, 2]
    assert [node.host for node in cluster.group(0)] == ["g0m1", "g0m2", "g0m3", inventory.EXTRA_REPLICA]


@pytest.mark.usefixtures("citus")
def test_a_phase_is_kept_until_another_is_said_and_a_lab_grows_through_all_of_them():
    lab = made(wanted="foundation")
    assert [node.host for node in topology.build(inventory.read(lab)).nodes] == ["g0m1"]
    inventory.decide_phase(lab)
    assert lab.phase == "foundation"
    hosts = set(inventory.planned_hosts(lab))
    for phase in ("read_scaling", "horizontal"):
        inventory.decide_phase(lab, phase)
        assert lab.phase == phase
        assert hosts < set(inventory.planned_hosts(lab)), "hosts are added, none goes"
        hosts = set(inventory.planned_hosts(lab))


@pytest.mark.parametrize("later", [None, "horizontal"])
def test_worker_groups_that_were_asked_for_are_tried_without_a_package_on_this_machine(later, capsys):
    lab = made(wanted="read_scaling")
    assert "No Citus package" not in capsys.readouterr().err, "nobody wants one"
    inventory.decide_phase(lab, later)
    assert lab.phase == (later or "read_scaling")


@pytest.mark.usefixtures("citus")
def test_hosts_of_a_lab_without_worker_groups_see_the_packages_as_well():
    lab = made(wanted="read_scaling")
    assert up.shown_packages(lab) == config.packages_dir()


def test_worker_groups_stay_when_the_package_has_gone_and_are_not_given_up(citus):
    lab = made()
    citus.unlink()
    inventory.decide_phase(lab)
    assert lab.phase == "horizontal"
    with pytest.raises(UsageError, match="does not shrink"):
        inventory.decide_phase(lab, "read_scaling")


@pytest.mark.parametrize(("machine_mb", "hosts", "each"), [(24000, 7, 1714), (64000, 7, 2048), (8000, 4, 1000)])
def test_memory_is_shared_between_hosts(monkeypatch, machine_mb, hosts, each):
    monkeypatch.setattr(inventory.machine, "memory_mb", lambda: machine_mb)
    variables = inventory.content(Lab.open("test"), hosts)["all"]["vars"]
    assert variables["camgrid_host_memory_mb"] == each


def test_host_keys_are_checked_and_secrets_kept_from_others():
    written = inventory.inventory_of(made()) / inventory.WRITTEN
    options = yaml.safe_load(written.read_text())["all"]["vars"]["ansible_ssh_common_args"]
    assert "StrictHostKeyChecking=yes" in options
    assert written.stat().st_mode & 0o077 == 0


def test_a_lab_that_was_never_up_has_no_inventory():
    with pytest.raises(UsageError, match="is not up") as refusal:
        inventory.read(Lab.open("test"))
    assert "up --name test" in refusal.value.hint
