"""Who is monitored by whom, derived from the inventory; and that nothing is asked for that nobody tells."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from camgrid import monitoring, pki
from camgrid.topology import build
from roles.collector.files.camgrid_metrics import queries
from tests.unit.inventories import single, sound

ROLES = Path(__file__).resolve().parents[2] / "roles"


def targets(topology, monitor="svc"):
    return {
        job: {entry["labels"]["instance"]: entry["targets"][0] for entry in entries}
        for job, entries in monitoring.targets(topology, monitor).items()
    }


def test_every_host_of_every_region_is_asked_for_what_it_runs():
    found = targets(build(sound()))
    assert found["node"] == {host: f"{address}:9100" for host, address in build(sound()).hosts.items()}
    assert set(found["postgres"]) == set(found["patroni"]) == set(found["node"]) - {"svc"}
    assert found["etcd"] == {
        "c1": "10.0.0.11:2379", "c2": "10.0.0.12:2379", "svc": "10.0.0.5:2379", "dr-c1": "10.1.0.11:2379",
    }  # fmt: skip
    assert found["haproxy"] == {"svc": "10.0.0.5:7000"}
    assert found["collector"] == {"svc": "127.0.0.1:9191"}


def test_what_a_phase_does_not_use_is_not_asked():
    found = targets(build(sound(camgrid_phase="foundation")))
    assert set(found["patroni"]) == {"c1"}
    assert found["haproxy"] == {}


def test_a_target_is_labelled_with_its_place():
    entry = next(
        entry
        for entry in monitoring.targets(build(sound()), "svc")["patroni"]
        if entry["labels"]["instance"] == "dr-w1"
    )
    assert entry["labels"] == {"instance": "dr-w1", "region": "region_dr", "citus_group": "1"}


def test_without_a_monitor_there_is_nothing():
    inventory = single()
    inventory.groups["monitor"] = []
    topology = build(inventory)
    for host in topology.hosts:
        view = monitoring.view(topology, host)
        assert (view["monitors"], view["monitored"], view["targets"]) == ([], [], {})


def test_what_a_monitor_serves_is_looked_at_too_and_asked_once():
    services = {each["host"]: each["services"] for each in monitoring.monitored(build(sound()))}
    assert {"prometheus": 9090, "status_page": 9443}.items() <= services["svc"].items()
    assert not [host for host in services if host != "svc" and "prometheus" in services[host]]
    entries = monitoring.targets(build(sound()), "svc")
    assert [entry["targets"] for entry in entries["prometheus"]] == [["10.0.0.5:9090"]]
    assert "status_page" not in entries


def test_only_a_monitor_is_told_of_all_hosts_and_all_are_told_of_monitors():
    topology = build(sound())
    assert [host["host"] for host in monitoring.view(topology, "svc")["monitored"]] == list(topology.hosts)
    assert monitoring.view(topology, "dr-w1")["monitored"] == []
    assert monitoring.view(topology, "dr-w1")["monitors"] == [
        {"host": "svc", "address": "10.0.0.5", "subject": topology.subject("svc")}
    ]


def told() -> set[str]:
    """Names of all metrics of ours: the collector's and the repository's."""
    found = {
        f"camgrid_{name}"
        for directory in ("coordinator", "citus", "region", "node")
        for query in queries.load(directory)
        for name in query.metrics
    }
    for path in (ROLES / "collector/files/camgrid_metrics").glob("*.py"):
        found |= set(re.findall(r'"(camgrid_[a-z_]+)"', path.read_text()))
    script = (ROLES / "backup_metrics/files/backup_metrics.py").read_text()
    found |= {f"camgrid_backup_{name}" for name in re.findall(r'= gauge\("([a-z_]+)"', script)}
    found |= set(re.findall(r'"(camgrid_restore_point_[a-z_]+)"', script))
    return found | {f"camgrid_restore_drill_{name}" for name in re.findall(r'^        \("([a-z_]+)", "', script, re.M)}


def test_every_metric_of_ours_that_a_rule_asks_for_is_one_that_we_tell():
    asked = set()
    for path in (ROLES / "prometheus/files/rules").glob("*.yml"):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                asked |= set(re.findall(r"\bcamgrid_[a-z_]+", re.sub(r'"[^"]*"', "", rule["expr"])))
    assert asked - told() == set()
    assert len(asked) > 30


def test_nobody_but_a_monitor_carries_the_name_that_it_asks_under():
    topology = build(sound())
    carrying = {host for host in topology.hosts if topology.subject("svc") in pki.names(topology, host)}
    assert carrying == {"svc"}
    assert "svc" in pki.names(topology, "c1"), "so that the host's own name would not do"
