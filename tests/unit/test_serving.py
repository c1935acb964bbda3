"""What keeps a cluster from answering is found in the inventory, with its mend."""

import pytest
from cryptography import x509

from camgrid import pki, tuning
from camgrid.topology import build
from camgrid.validate import problems
from tests.unit.inventories import serving, single


def inventory(path=None, **shared):
    return serving(single(path, **shared) if path else single(**shared))


def found(inventory):
    return [(problem.host, problem.variable, problem.text + " " + problem.mend) for problem in problems(inventory)]


def without(inventory, host):
    del inventory.hosts[host]
    for hosts in inventory.groups.values():
        if host in hosts:
            hosts.remove(host)
    return inventory


def test_two_members_of_etcd():
    changed = inventory()
    changed.groups["etcd"] = ["c1", "svc"]
    ((host, variable, text),) = found(changed)
    assert (host, variable) == ("all", "etcd")
    assert "2 members" in text
    assert "use 1, 3 or 5" in text


def test_a_repository_beside_the_data_that_it_is_to_save():
    changed = inventory()
    changed.groups["backup"] = ["w2b"]
    ((host, variable, text),) = found(changed)
    assert (host, variable) == ("w2b", "backup")
    assert "loses data and backups at once" in text


def test_a_group_with_one_member():
    ((host, variable, text),) = found(without(inventory(), "w2b"))
    assert (host, variable) == ("w2a", "citus_group")
    assert "nothing takes over" in text
    assert "add a replica" in text


def test_a_replica_for_reports_does_not_count_as_one():
    changed = without(inventory(), "c2")
    changed.groups["etcd"].append("c3")
    ((host, variable, _),) = found(changed)
    assert (host, variable) == ("c1", "coordinator")


def test_an_analytics_endpoint_without_a_backend():
    ((_, variable, text),) = found(without(inventory(), "c3"))
    assert variable == "camgrid_analytics"
    assert "no backend" in text


def test_pools_that_add_up_to_too_much():
    ((_, variable, text),) = found(inventory(camgrid_pool_connections=170))
    assert variable == "camgrid_pool_connections"
    assert "170 of the pools, 4 from each of 6 other nodes and 20 kept make 214, max_connections is 200" in text
    assert found(inventory(camgrid_pool_connections=170, patroni_shared_parameters={"max_connections": 214})) == []


@pytest.mark.parametrize("nodes", [2, 7, 12, 30, 41])
def test_pools_citus_and_the_reserve_fit(nodes):
    parts = tuning.connections(nodes, sharded=True)
    assert parts["pool"] + parts["citus"] * (nodes - 1) + parts["reserved"] <= tuning.SHARED["max_connections"]
    assert parts["citus"] >= tuning.LEAST_CITUS_CONNECTIONS


def test_more_nodes_than_connections():
    with pytest.raises(ValueError, match="max_connections is 200"):
        tuning.connections(60, sharded=True)


def test_without_shards_the_pool_is_the_strategys():
    assert tuning.connections(4, sharded=False) == {"pool": 100, "citus": 0, "reserved": 20}


def test_a_certificate_for_another_host(tmp_path):
    made = inventory(tmp_path)
    pki.ensure(made, build(made))
    where = pki.directory(made)
    (where / "w1a.pem").write_bytes((where / "svc.pem").read_bytes())
    ((host, variable, text),) = found(made)
    assert (host, variable) == ("w1a", "certificate")
    assert "is for svc" in text
    assert "remove the file" in text


def test_a_node_is_trusted_under_the_names_of_the_proxies(tmp_path):
    made = inventory(tmp_path, camgrid_floating_address="10.0.0.4", camgrid_endpoint_names=["db.test"])
    made.hosts["p2"] = made.hosts["svc"] | {"ansible_host": "10.0.0.6"}
    for group in ("proxy", "region_main", "all"):
        made.groups[group].append("p2")
    assert found(made) == []
    pki.ensure(made, build(made))
    certificate = x509.load_pem_x509_certificate((pki.directory(made) / "w1a.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"svc", "p2", "db.test"} <= set(names.get_values_for_type(x509.DNSName))
    assert {"10.0.0.4", "10.0.0.5", "10.0.0.6"} <= {str(ip) for ip in names.get_values_for_type(x509.IPAddress)}


@pytest.mark.parametrize(
    ("host", "variables", "variable"),
    [
        ("w1a", {"camgrid_analytics": True}, "camgrid_analytics"),
        ("c3", {"camgrid_analytics": "yes"}, "camgrid_analytics"),
        ("w1a", {"camgrid_read_weight": 1000}, "camgrid_read_weight"),
        ("c1", {"camgrid_floating_address": "10.0.0.11"}, "camgrid_floating_address"),
        ("c1", {"camgrid_floating_address": "proxy"}, "camgrid_floating_address"),
    ],
)
def test_a_wrong_value_is_named(host, variables, variable):
    changed = inventory()
    changed.hosts[host] |= variables
    assert variable in {each for _, each, _ in found(changed)}
