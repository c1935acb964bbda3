"""What the inventory means in each phase."""

import pytest

from camgrid.topology import build, member_numbers
from tests.unit.inventories import single, sound


def nodes(phase: str) -> list[str]:
    return [node.host for node in build(sound(camgrid_phase=phase)).nodes]


def test_foundation_is_the_first_coordinator_alone():
    assert nodes("foundation") == ["c1"]


def test_read_scaling_adds_the_replicas():
    assert nodes("read_scaling") == ["c1", "c2"]


def test_horizontal_adds_the_workers_of_the_main_region():
    assert nodes("horizontal") == ["c1", "c2", "w1a", "w1b", "w2a"]


def test_multi_region_adds_the_other_region():
    assert set(nodes("multi_region")) == {"c1", "c2", "w1a", "w1b", "w2a", "dr-c1", "dr-w1", "dr-w2"}


def test_only_worker_groups_make_it_sharded():
    assert not build(sound(camgrid_phase="read_scaling")).sharded
    assert build(sound(camgrid_phase="horizontal")).sharded


def test_hosts_of_a_later_phase_are_not_touched_but_services_always_are():
    hosts = build(sound(camgrid_phase="foundation")).hosts
    # c2 runs etcd, so it is there without being a node.
    assert set(hosts) == {"c1", "c2", "svc"}


def test_region_neutral_names_are_the_same_in_both_regions():
    topology = build(sound())
    assert topology.node("c1").name == topology.node("dr-c1").name == "g0m1.camgrid.internal"
    assert topology.node("w1b").name == "g1m2.camgrid.internal"


def test_each_region_sees_its_own_members_under_those_names():
    topology = build(sound())
    names = {
        host: {node["name"]: node["address"] for node in topology.view(host)["nodes"]} for host in ("w1a", "dr-w1")
    }
    assert names["w1a"]["g1m1.camgrid.internal"] == "10.0.0.21"
    assert names["dr-w1"]["g1m1.camgrid.internal"] == "10.1.0.21"


def test_a_name_that_a_region_lacks_leads_to_the_groups_first_member_there():
    topology = build(sound())
    names = topology.view("dr-w2")["names"]
    assert names["g0m1.camgrid.internal"] == names["g0m2.camgrid.internal"] == "10.1.0.11"
    assert names["g1m1.camgrid.internal"] == names["g1m2.camgrid.internal"] == "10.1.0.21"
    assert set(names) == set(topology.view("w1a")["names"])
    assert topology.view("w1a")["names"]["g1m2.camgrid.internal"] == "10.0.0.22"


def test_nothing_that_a_regions_hosts_resolve_is_in_the_other():
    topology = build(sound())
    for host in topology.hosts:
        prefix = "10.1." if topology.regions[host] == "region_dr" else "10.0."
        assert all(address.startswith(prefix) for address in topology.view(host)["names"].values())


def test_each_region_has_an_etcd_of_its_own():
    topology = build(sound())
    assert topology.etcd == {"region_main": ["c1", "c2", "svc"], "region_dr": ["dr-c1"]}
    assert [member["host"] for member in topology.view("dr-w2")["etcd"]] == ["dr-c1"]


def test_a_view_names_the_host_its_group_and_its_services():
    view = build(sound()).view("w1b")
    assert view["node"]["group"] == 1
    assert view["node"]["member"] == 2
    assert [member["host"] for member in view["members"]] == ["w1a", "w1b"]
    service = build(sound()).view("svc")
    assert service["node"] is None
    assert service["members"] == []
    assert service["roles"] == ["etcd", "proxy", "backup", "monitor"]


def test_a_view_has_no_host_of_another_region():
    assert set(build(sound()).view("dr-c1")["hosts"]) == {"dr-c1", "dr-w1", "dr-w2"}


def test_camgrid_address_wins_over_ansible_host():
    inventory = single()
    inventory.hosts["w1a"]["camgrid_address"] = "172.16.0.21"
    assert build(inventory).hosts["w1a"] == "172.16.0.21"


def test_a_member_keeps_its_number_when_an_earlier_one_leaves():
    inventory = single()
    inventory.hosts["w1b"]["camgrid_member"] = 2
    inventory.groups["workers"].remove("w1a")
    inventory.groups["region_main"].remove("w1a")
    del inventory.hosts["w1a"]
    assert build(inventory).node("w1b").name == "g1m2.camgrid.internal"


@pytest.mark.parametrize(
    ("fixed", "numbers"),
    [
        ({}, {"c1": 1, "c2": 2}),
        ({"c1": 2}, {"c1": 2, "c2": 1}),
        ({"c2": 1}, {"c1": 2, "c2": 1}),
        ({"c1": 7}, {"c1": 7, "c2": 1}),
    ],
)
def test_members_without_a_number_get_the_lowest_free_one(fixed, numbers):
    inventory = single()
    for host, number in fixed.items():
        inventory.hosts[host]["camgrid_member"] = number
    assert member_numbers(inventory, ["c1", "c2"]) == numbers


def test_defaults_of_an_inventory_that_says_nothing_more():
    topology = build(single())
    assert topology.postgresql_version == 17
    assert topology.packages_dir == "/var/cache/camgrid/packages"
