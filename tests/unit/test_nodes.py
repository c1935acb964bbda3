"""`camgrid nodes list`: every node with what Patroni and the inventory say of it."""

import json

import pytest
from click.testing import CliRunner

from camgrid import patroni
from camgrid.cli.nodes import command
from camgrid.patroni import Member
from camgrid.topology import build
from tests.unit.inventories import single, sound


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """Runs the verb on a cluster whose c2 is the analytics replica and far behind."""

    def run(*arguments, make=single):
        class App:
            inventory = make(tmp_path)

        App.inventory.hosts["c2"]["camgrid_analytics"] = True
        App.topology = build(App.inventory)
        late = {"c2": {"role": "replica", "state": "streaming", "lag": 2048, "tags": ("nofailover", "nosync")}}
        members = [
            Member(
                n.host, n.group, n.region, n.address, **{"role": "leader", "state": "running"} | late.get(n.host, {})
            )
            for n in App.topology.nodes
        ]
        monkeypatch.setattr(patroni, "members", lambda *_: members)
        monkeypatch.setattr(patroni, "versions", lambda *_: {m.name: None for m in members} | {"c1": "17.6"})
        result = CliRunner().invoke(command, ["list", *arguments], obj=App(), standalone_mode=False)
        assert (result.exception, result.return_value) == (None, 0)
        return result.stdout

    return run


def test_json_has_everything(listed):
    document = json.loads(listed("--json"))
    assert document["cluster"] == "test"
    first, second, *_ = document["nodes"]
    assert first == {
        "region": "region_main",
        "group": 0,
        "member": "c1",
        "address": "10.0.0.11",
        "name": "g0m1.camgrid.internal",
        "role": "leader",
        "state": "running",
        "timeline": None,
        "lag_bytes": None,
        "pending_restart": False,
        "analytics": False,
        "tags": [],
        "postgresql": "17.6",
    }
    assert (second["analytics"], second["tags"], second["lag_bytes"]) == (True, ["nofailover", "nosync"], 2048)


def test_hosts_without_postgresql_are_no_nodes(listed):
    assert "svc" not in [node["member"] for node in json.loads(listed("--json"))["nodes"]]


def test_the_region_is_shown_where_there_are_several(listed, monkeypatch):
    monkeypatch.setattr("camgrid.console.out.width", 160)
    assert "region_dr" in listed(make=sound)
    text = listed()
    assert "region" not in text
    assert "2.0 KiB" in text
    assert "analytics" in text
