"""Which services of a host are looked at by a change of certificates and by an upgrade: derived from an inventory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from camgrid import monitoring
from camgrid.inventory import load
from camgrid.topology import build
from camgrid.variables import DERIVED

ROOT = Path(__file__).resolve().parents[2]
# No host is connected to.
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
        content: "{{{{ {{'shown': pki_shown_at, 'upgraded': upgrade_components}} | to_json }}}}"
"""
INVENTORIES = {
    "two regions": {"watched": True, "phase": "multi_region"},
    "nobody watches": {"watched": False, "phase": "horizontal"},
    "one host": {"watched": True, "phase": "foundation"},
}


@pytest.fixture(scope="module", params=INVENTORIES.values(), ids=INVENTORIES)
def derived(request, tmp_path_factory):
    """The topology of an inventory, whether it has a monitor, and host → what is derived for it."""
    into = tmp_path_factory.mktemp("derived")
    told = yaml.safe_load((ROOT / "inventory/lab/hosts.yml").read_text())
    told["all"]["vars"]["camgrid_phase"] = request.param["phase"]
    if not request.param["watched"]:
        del told["monitor"]
    (into / "inventory").mkdir()
    (into / "inventory/hosts.yml").write_text(yaml.safe_dump(told))
    vars_files = [str(path) for kind in ("defaults", "vars") for path in sorted(ROOT.glob(f"roles/*/{kind}/main.yml"))]
    (into / "play.yml").write_text(PLAY.format(root=ROOT, into=into, vars_files=json.dumps(vars_files)))
    command = [
        Path(sys.executable).with_name("ansible-playbook"),
        "-i",
        into / "inventory",
        into / "play.yml",
        "--check",
    ]
    command += [word for path in sorted(DERIVED.glob("*.yml")) for word in ("-e", f"@{path}")]
    environment = os.environ | {"ANSIBLE_LOCAL_TEMP": str(into / "tmp"), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    run = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    topology = build(load(into / "inventory"))
    hosts = {host: json.loads((into / f"{host}.json").read_text()) for host in topology.hosts}
    return SimpleNamespace(topology=topology, hosts=hosts, **request.param)


def test_each_host_sees_what_those_services_show_that_the_operator_does_not_reach(derived):
    topology = derived.topology
    members = {host for hosts in topology.etcd.values() for host in hosts}
    for host, address in topology.hosts.items():
        wanted = {f"{address}:{monitoring.ETCD_PORT}"} if host in members else set()
        if derived.watched:
            wanted |= {f"{address}:{monitoring.NODE_PORT}"}
            wanted |= {f"{address}:{monitoring.POSTGRES_PORT}"} if topology.node(host) else set()
        if derived.watched and host in topology.roles["monitor"]:
            wanted.add(f"127.0.0.1:{monitoring.COLLECTOR_PORT}")
        if topology.roles["backup"] and (topology.node(host) or host == topology.roles["backup"][0]):
            wanted.add(f"{address}:8432")
        shown = derived.hosts[host]["shown"]
        assert set(shown) == wanted, host
        assert len(shown) == len(wanted)


def names(derived, host: str) -> list[str]:
    return [component["name"] for component in derived.hosts[host]["upgraded"]]


def test_what_watches_is_upgraded_where_it_runs_alone(derived):
    for host in derived.topology.hosts:
        found = set(names(derived, host))
        assert ("node_exporter" in found) == derived.watched
        assert ("postgres_exporter" in found) == (derived.watched and bool(derived.topology.node(host)))
        monitor = derived.watched and host in derived.topology.roles["monitor"]
        of_monitors = {"collector", "prometheus", "status_page", "status_web"}
        assert found & of_monitors == (of_monitors if monitor else set())
        assert ("backup_metrics" in found) == (derived.watched and host in derived.topology.roles["backup"][:1])


def test_no_component_is_looked_at_twice_and_each_says_since_when_it_runs(derived):
    for host, told in derived.hosts.items():
        assert len(names(derived, host)) == len(set(names(derived, host)))
        for component in told["upgraded"]:
            assert len(component.keys() & {"stamp", "pidfile", "unit"}) == 1, component["name"]


def test_every_package_of_a_monitor_is_upgraded_with_some_component(derived):
    told = yaml.safe_load((ROOT / "roles/status_page/vars/main.yml").read_text())["__status_page_packages"]
    packages = [*told, "prometheus", "python3-prometheus-client", "prometheus-node-exporter"]
    packages.append(f"postgresql-client-{derived.topology.postgresql_version}")
    for host in derived.topology.roles["monitor"]:
        patterns = [name for component in derived.hosts[host]["upgraded"] for name in component["packages"]]
        assert [name for name in packages if not any(fnmatch(name, pattern) for pattern in patterns)] == []


def test_every_component_has_a_play(derived):
    parts = (ROOT / f"playbooks/{name}.yml" for name in ("upgrade", "upgrade_monitoring"))
    plays = [play for part in parts for play in yaml.safe_load(part.read_text())]
    groups = {group for play in plays for group in play.get("hosts", "").split(":")}
    of_nodes = {"postgresql", "patroni", "pool"}
    for host in derived.hosts:
        assert {f"upgrade_{name}" for name in set(names(derived, host)) - of_nodes} <= groups
