"""What Patroni's members say, put together; nobody's silence is an exception."""

import io
import json
import urllib.error
from http.client import IncompleteRead

import pytest

from camgrid import patroni, pki
from camgrid.errors import CamgridError
from camgrid.topology import build
from tests.unit.inventories import single


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Asks the members of a cluster whose Patronis answer as given: address → list of members, text or exception."""
    inventory = single(tmp_path, camgrid_phase="read_scaling")
    topology = build(inventory)
    pki.ensure(inventory, topology)

    def ask(answers: dict, *, versions: bool = False) -> dict:
        def urlopen(url, timeout, context):
            assert context.verify_mode.name == "CERT_REQUIRED"
            address, path = url.removeprefix("https://").split(":8008/")
            answer = answers[address]
            if isinstance(answer, Exception):
                raise answer
            if path == "cluster" and not isinstance(answer, str):
                answer = {"members": answer}
            return io.BytesIO((answer if isinstance(answer, str) else json.dumps(answer)).encode())

        monkeypatch.setattr(patroni.urllib.request, "urlopen", urlopen)
        if versions:
            return patroni.versions(inventory, topology)
        return {member.name: member for member in patroni.members(inventory, topology)}

    return ask


LEADER = {"name": "c1", "role": "leader", "state": "running", "timeline": 3}
REPLICA = {"name": "c2", "role": "quorum_standby", "state": "streaming", "timeline": 3, "lag": 42}


def test_members_are_as_they_say(ask):
    both = [LEADER, REPLICA]
    found = ask({"10.0.0.11": both, "10.0.0.12": both})
    assert found["c1"] == patroni.Member("c1", 0, "region_main", "10.0.0.11", "leader", "running", 3)
    assert found["c2"].lag == 42
    assert found["c1"].healthy
    assert found["c2"].healthy


@pytest.mark.parametrize(
    "answer", [urllib.error.URLError("refused"), TimeoutError(), "not JSON", "{}", "[]", IncompleteRead(b"")]
)
def test_who_does_not_answer_is_unreachable(ask, answer):
    found = ask({"10.0.0.11": [LEADER, REPLICA], "10.0.0.12": answer})
    assert found["c2"].state == "unreachable"
    assert not found["c2"].healthy
    assert found["c1"].healthy


def test_a_member_that_its_group_does_not_list(ask):
    found = ask({"10.0.0.11": [LEADER], "10.0.0.12": [LEADER]})
    assert found["c2"].state == "unknown to its group"


def test_a_replica_that_only_runs_is_not_healthy(ask):
    both = [LEADER, REPLICA | {"state": "running"}]
    found = ask({"10.0.0.11": both, "10.0.0.12": both})
    assert (found["c2"].healthy, found["c2"].trouble) == (False, "does not stream (yet)")
    assert found["c1"].leads
    assert not found["c2"].leads


def test_tags_that_are_set(ask):
    both = [LEADER, REPLICA | {"tags": {"nosync": True, "nofailover": True, "noloadbalance": False}}]
    assert ask({"10.0.0.11": both, "10.0.0.12": both})["c2"].tags == ("nofailover", "nosync")


def test_versions_are_those_that_run(ask):
    found = ask({"10.0.0.11": {"server_version": 170012}, "10.0.0.12": urllib.error.URLError("refused")}, versions=True)
    assert found == {"c1": "17.12", "c2": None}


def test_an_unknown_lag_is_none(ask):
    late = [LEADER, REPLICA | {"lag": "unknown", "pending_restart": True}]
    found = ask({"10.0.0.11": late, "10.0.0.12": late})
    assert found["c2"].lag is None
    assert found["c2"].pending_restart


def test_without_the_cas_certificate_nobody_is_asked(tmp_path):
    inventory = single(tmp_path / "empty")
    with pytest.raises(CamgridError, match="CA is missing"):
        patroni.members(inventory, build(inventory))
