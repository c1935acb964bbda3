"""The files that the roles write, rendered by Ansible for three hosts of the production example, in two phases."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from camgrid.inventory import load
from camgrid.topology import DOMAIN, build
from camgrid.variables import DERIVED

ROOT = Path(__file__).resolve().parents[2]
HOSTS = ("coord-a", "worker-2c", "service-a")
# A task a host renders everything, as on a host with 64 GB; no host is connected to.
PLAY = """
- import_playbook: {root}/playbooks/prepare.yml
- hosts: camgrid_hosts
  connection: local
  gather_facts: false
  vars_files: {vars_files}
  tasks:
    - name: Render
      check_mode: false
      copy:
        dest: "{into}/{{{{ inventory_hostname }}}}.json"
        content: >-
          {{{{ {{'etcd': lookup('template', '{root}/roles/etcd/templates/etcd.j2'),
                 'firewall': lookup('template', '{root}/roles/firewall/templates/nftables.conf.j2'),
                 'hosts': lookup('template', '{root}/roles/host/templates/hosts.j2'),
                 'kernel': [kernel_is_database, kernel_shared_memory_mb, kernel_write_mb_s, kernel_interleaved_units],
                 'patroni': lookup('template', '{root}/roles/patroni/templates/config.yml.j2')
                            if camgrid.node else ''}} | to_json }}}}
"""
FACTS = {
    "camgrid_host_memory_mb": 65536,
    "camgrid_host_cores": 8,
    "camgrid_host_disk": "nvme",
    "camgrid_is_container": False,
}


@pytest.fixture(scope="module", params=["horizontal", "read_scaling"])
def rendered(request, tmp_path_factory):
    """The topology of a phase, and host → template → text."""
    into = tmp_path_factory.mktemp(request.param)
    shutil.copytree(ROOT / "inventory/production", into / "inventory", ignore=shutil.ignore_patterns(".secrets"))
    hosts = into / "inventory/hosts.yml"
    hosts.write_text(hosts.read_text().replace("camgrid_phase: horizontal", f"camgrid_phase: {request.param}"))
    vars_files = [str(path) for kind in ("defaults", "vars") for path in sorted(ROOT.glob(f"roles/*/{kind}/main.yml"))]
    (into / "play.yml").write_text(PLAY.format(root=ROOT, into=into, vars_files=json.dumps(vars_files)))
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", into / "inventory", into / "play.yml"]
    command += ["--check", "--limit", ",".join((*HOSTS, "localhost"))]
    command += [word for path in sorted(DERIVED.glob("*.yml")) for word in ("-e", f"@{path}")]
    environment = os.environ | {"ANSIBLE_LOCAL_TEMP": str(into / "tmp"), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    command += ["-e", json.dumps(FACTS)]
    run = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    inventory = load(into / "inventory")
    topology = build(inventory)
    files = {host: json.loads((into / f"{host}.json").read_text()) for host in HOSTS if host in topology.hosts}
    return SimpleNamespace(inventory=inventory, topology=topology, files=files)


def patroni(rendered, host="coord-a"):
    return yaml.safe_load(rendered.files[host]["patroni"])


def addresses(rendered) -> list[str]:
    return [node.address for node in rendered.topology.nodes]


def test_a_name_that_yaml_takes_for_a_truth_value_stays_a_name(rendered):
    # scope: off would be false, and Patroni would not start.
    assert '\nscope: "harbour"\nname: "coord-a"\n' in rendered.files["coord-a"]["patroni"]


def test_nobody_is_let_in_without_tls_or_proof(rendered):
    for rule in patroni(rendered)["postgresql"]["pg_hba"]:
        kind, *_ = rule.split()
        assert kind in ("local", "hostssl"), rule
        assert {"trust", "md5", "password"}.isdisjoint(rule.split()), rule
        if kind == "hostssl":
            assert "cert map=" in rule or rule.endswith("scram-sha-256"), rule


def test_only_nodes_and_operators_may_be_more_than_an_application(rendered):
    rules = patroni(rendered)["postgresql"]["pg_hba"]
    nodes = {rule.split()[3] for rule in rules if rule.endswith("cert map=nodes")}
    assert nodes == {f"{address}/32" for address in ["127.0.0.1", *addresses(rendered)]}
    (admins,) = rendered.inventory.var("camgrid_admin_networks")
    assert [rule for rule in rules if "operators" in rule] == [f"hostssl all postgres {admins} cert map=operators"]
    by_password = [rule.split()[1] for rule in rules if rule.startswith("hostssl") and rule.endswith("scram-sha-256")]
    assert set(by_password) == {"camgrid"}


def test_a_monitor_is_let_in_as_itself_alone_and_its_exporter_with_it(rendered):
    rules, names = (patroni(rendered)["postgresql"][key] for key in ("pg_hba", "pg_ident"))
    ((name, address),) = ((host, rendered.topology.hosts[host]) for host in rendered.topology.roles["monitor"])
    assert f"hostssl camgrid camgrid_monitor {address}/32 cert map=monitors" in rules
    assert [rule for rule in names if rule.startswith("monitors ")] == [
        f"monitors {rendered.topology.subject(name)} camgrid_monitor"
    ]
    assert "pool prometheus camgrid_monitor" in names
    for host, ports in (("coord-a", "9100, 9187, 5432, 8008"), ("service-a", "9100, 2379, 7000")):
        assert f"tcp dport {{ {ports}" in rendered.files[host]["firewall"]


def test_pg_wal_is_made_and_copied_to_the_drive_that_the_inventory_names(rendered):
    place = {"waldir": "/var/lib/postgresql-wal/17/harbour"}
    config = patroni(rendered)
    assert place in config["bootstrap"]["initdb"]
    assert place in config["postgresql"]["basebackup"]


def test_citus_is_there_only_where_tables_are_distributed(rendered):
    config = patroni(rendered)
    libraries = config["postgresql"]["parameters"]["shared_preload_libraries"].split(",")
    assert ("citus" in config) == (libraries[0] == "citus") == rendered.topology.sharded
    assert "pgaudit" in libraries
    if rendered.topology.sharded:
        assert config["citus"] == {"group": 0, "database": "camgrid"}
        assert patroni(rendered, "worker-2c")["citus"]["group"] == 2
        assert "sslmode=verify-full" in config["postgresql"]["parameters"]["citus.node_conninfo"]


def test_what_needs_a_restart_for_citus_is_asked_for_before_the_group_is_moved(rendered):
    """Patroni would ask for it too, but only once its group has a number."""
    shared = patroni(rendered)["bootstrap"]["dcs"]["postgresql"]["parameters"]
    assert shared.get("wal_level") == ("logical" if rendered.topology.sharded else None)


def test_postgresql_is_told_the_hosts_numbers_and_the_groups(rendered):
    config = patroni(rendered)
    assert config["postgresql"]["parameters"]["shared_buffers"] == "16GB"
    assert config["bootstrap"]["dcs"]["postgresql"]["parameters"]["max_connections"] == 200
    assert config["bootstrap"]["dcs"]["synchronous_mode"] == "quorum"


def test_huge_pages_are_for_hosts_that_run_postgresql(rendered):
    assert rendered.files["service-a"]["kernel"] == [False, 0, 0, []]
    database, shared_mb, write_mb_s, units = rendered.files["coord-a"]["kernel"]
    assert (database, write_mb_s, units) == (True, 0, ["patroni"])
    assert 16 * 1024 < shared_mb < 17 * 1024


def test_postgresql_is_known_by_its_neutral_name_and_patroni_by_its_address(rendered):
    config = patroni(rendered)
    assert config["postgresql"]["connect_address"] == f"g0m1.{DOMAIN}:5432"
    assert config["restapi"]["connect_address"] == f"{rendered.topology.hosts['coord-a']}:8008"


def test_a_host_resolves_every_node_of_its_region(rendered):
    lines = [line.split() for line in rendered.files["service-a"]["hosts"].splitlines() if line[:1].isdigit()]
    told = {name: address for address, name in lines}
    assert {node.name: node.address for node in rendered.topology.nodes}.items() <= told.items()
    assert told["localhost"] == "127.0.0.1"


def test_etcd_wants_certificates_of_members_and_clients(rendered):
    lines = dict(line.split("=", 1) for line in rendered.files["service-a"]["etcd"].splitlines() if line[:1] == "E")
    assert lines["ETCD_CLIENT_CERT_AUTH"] == lines["ETCD_PEER_CLIENT_CERT_AUTH"] == "true"
    assert len(lines["ETCD_INITIAL_CLUSTER"].split(",")) == 3
    assert not [value for value in lines.values() if "http://" in value]


def test_the_firewall_drops_what_it_does_not_name(rendered):
    rules = {host: files["firewall"] for host, files in rendered.files.items()}
    assert all("policy drop;" in text for text in rules.values())
    (admins,) = rendered.inventory.var("camgrid_admin_networks")
    assert all(f"tcp dport 22 ip saddr {{ {admins} }}" in text for text in rules.values())
    assert "5432" not in rules["service-a"]
    assert "2379" not in rules["coord-a"]
    applications = next(line for line in rules["coord-a"].splitlines() if "for applications" in line)
    assert all(network in applications for network in rendered.inventory.var("camgrid_client_networks"))


@pytest.mark.skipif(not shutil.which("nft"), reason="nft is not installed: the firewall's rules were not checked by it")
def test_nft_takes_the_rules(rendered, tmp_path):
    for host, files in rendered.files.items():
        (tmp_path / host).write_text(files["firewall"])
        run = subprocess.run(["nft", "--check", "--file", tmp_path / host], check=False, capture_output=True, text=True)
        if "not permitted" in run.stderr:
            pytest.skip("nft checks rules for root only")
        assert (run.returncode, run.stderr) == (0, "")
