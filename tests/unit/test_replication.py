"""What `camgrid replication` makes of what each group's leader tells; one's silence hides no other."""

import json

import psycopg
import pytest
from click.testing import CliRunner

from camgrid import patroni, replication
from camgrid.cli.replication import command
from camgrid.patroni import Member
from camgrid.topology import build
from tests.unit.inventories import single

MIB = 1024**2
STREAM = {"state": "streaming", "sync": "quorum", "sent_lag_bytes": 0, "flush_lag_bytes": 0}
STREAM |= {"replay_lag_bytes": 0, "lag_seconds": 0.0}
SLOT = {"slot": "w1b", "kind": "physical", "active": True, "wal_status": "reserved"}
SLOT |= {"retained_bytes": 0, "safe_wal_size": 8 * 1024**3}


class App:
    """The part of a verb's App that looking needs."""

    def __init__(self, path):
        self.inventory = single(path)
        self.topology = build(self.inventory)


@pytest.fixture
def look(tmp_path, monkeypatch):
    """Looks at groups 0 (c1, c2), 1 (w1a, w1b) and 2 (w2a); changes: leader → (streams, slots) or an exception."""

    def look(roles=None, limits=None, **changes):
        app = App(tmp_path)
        members = [
            Member(n.host, n.group, n.region, n.address, (roles or {}).get(n.host, "replica"), "running")
            if n.member > 1 or n.host in (roles or {})
            else Member(n.host, n.group, n.region, n.address, "leader", "running")
            for n in app.topology.nodes
        ]
        told = {"c1": ([STREAM | {"replica_name": "c2"}], []), "w2a": ([], [])}
        told |= {"w1a": ([STREAM | {"replica_name": "w1b"}], [SLOT])} | changes

        def ask(app, leader):
            if isinstance(told[leader.name], Exception):
                raise told[leader.name]
            return [dict(each) for each in told[leader.name][0]], told[leader.name][1]

        monkeypatch.setattr(patroni, "members", lambda *_: members)
        monkeypatch.setattr(replication, "_ask", ask)
        return replication.look(app, limits or replication.Limits())

    return look


def stream(**fields):
    return ([STREAM | {"replica_name": "w1b"} | fields], [])


def test_replicas_that_keep_up_are_no_finding(look):
    view = look()
    assert [(r.group, r.member, r.primary, r.sync) for r in view.replicas] == [
        (0, "c2", "c1", "quorum"),
        (1, "w1b", "w1a", "quorum"),
    ]
    assert view.findings == []
    assert view.as_json()["healthy"]


def test_a_replica_too_far_behind_in_seconds_or_bytes(look):
    (finding,) = look(w1a=stream(lag_seconds=31, replay_lag_bytes=3 * MIB)).findings
    assert finding.what == "w1b is 31 s and 3,145,728 bytes behind"
    assert "is not replayed" in finding.next
    (finding,) = look(w1a=stream(lag_seconds=1, replay_lag_bytes=17 * MIB, flush_lag_bytes=17 * MIB)).findings
    assert "has not reached w1b" in finding.next
    assert look(w1a=stream(lag_seconds=29, replay_lag_bytes=16 * MIB)).findings == []
    assert look(limits=replication.Limits(seconds=5), w1a=stream(lag_seconds=6, replay_lag_bytes=1)).findings


@pytest.mark.parametrize("told", [([], []), ([{"replica_name": "w1b", "state": None}], [])])
def test_a_replica_that_is_missing(look, told):
    view = look(w1a=told)
    assert [finding.what for finding in view.findings] == ["w1b does not stream from w1a"]
    assert [r.state for r in view.replicas] == ["streaming", None]


def test_a_replica_that_catches_up(look):
    (finding,) = look(w1a=stream(state="catchup")).findings
    assert finding.what == "w1b catches up (catchup)"


def test_a_slot_that_waits_for_a_member_is_that_members(look):
    view = look(roles={"w1b": "replica"}, w1a=stream(replica_name="w1b"))
    assert len(view.replicas) == 2
    assert replication._slot_name("Worker-2c.example") == "worker_2c_example"


def test_a_stranger_that_streams_is_shown(look):
    view = look(w2a=([STREAM | {"replica_name": "gone"}], []))
    assert ("gone", "w2a") in [(r.member, r.primary) for r in view.replicas]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"active": False, "retained_bytes": 1024**3 + 1}, "nobody reads it, and it keeps 1,073,741,825 bytes of WAL"),
        ({"wal_status": "lost"}, "WAL that its reader needs is gone"),
        ({"wal_status": "unreserved"}, "its WAL is about to be removed"),
        ({"active": False, "retained_bytes": 1024**3}, None),
        ({"active": True, "retained_bytes": 5 * 1024**3}, None),
    ],
)
def test_slots_that_hold_back_too_much(look, fields, says):
    found = look(w1a=(stream()[0], [SLOT | fields])).findings
    assert [finding.what for finding in found] == ([says] if says else [])
    assert not found or found[0].where == "group 1, slot w1b on w1a"


def test_a_group_that_does_not_answer_hides_no_other(look):
    view = look(w1a=psycopg.OperationalError("refused\n"), roles={"w2a": "replica"})
    assert [(f.where, f.what) for f in view.findings] == [
        ("group 1", "w1a does not tell: refused"),
        ("group 2", "no primary, so nobody streams"),
    ]
    assert [r.member for r in view.replicas] == ["c2"]


def test_a_schema_that_is_too_old_says_how_to_renew_it(look):
    (finding,) = look(w1a=psycopg.errors.UndefinedFunction("function camgrid.local_replicas() does not exist")).findings
    assert finding.next == "camgrid schema plan"


@pytest.mark.parametrize("json_wanted", [True, False])
def test_the_verb_ends_with_3_when_something_is_wrong(look, tmp_path, json_wanted):
    look(w1a=([], [SLOT]))
    arguments = ["--json"] if json_wanted else []
    result = CliRunner().invoke(command, arguments, obj=App(tmp_path), standalone_mode=False)
    assert result.return_value == 3
    if json_wanted:
        document = json.loads(result.stdout)
        assert list(document) == ["healthy", "cluster", "replicas", "slots", "findings"]
        assert document["slots"][0]["retained_bytes"] == 0
