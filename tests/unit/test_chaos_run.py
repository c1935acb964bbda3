"""What may be broken, in which order, and how a run is judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from ipaddress import IPv4Network

import pytest
from click.testing import CliRunner

from camgrid.chaos import ground, places, run
from camgrid.chaos.faults import FAULTS, named
from camgrid.chaos.ledger import Row, Write
from camgrid.chaos.result import Result
from camgrid.chaos.verify import Verdict
from camgrid.cli import camgrid
from camgrid.errors import EXIT_OK, UsageError
from camgrid.lab.config import Lab
from camgrid.lab.cut import directed
from camgrid.patroni import Member
from camgrid.topology import build
from tests.unit.inventories import single


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """The one lab of this machine, whose inventory is tmp_path's."""
    made = Lab("test", IPv4Network("10.0.0.0/24"))
    monkeypatch.setattr(ground, "all_labs", lambda: [made])
    monkeypatch.setattr(ground, "inventory_of", lambda _: tmp_path)
    return made


def test_a_labs_inventory_is_known(lab, tmp_path):
    inventory = single(tmp_path)
    assert ground.lab_of(inventory) is lab
    ground.refuse_strangers(lab, build(inventory))


def test_no_other_inventory_is_touched(lab, tmp_path):
    with pytest.raises(UsageError, match="labs only") as refusal:
        ground.lab_of(single(tmp_path / "elsewhere"))
    assert "scripts/lab up" in refusal.value.hint


def test_a_host_outside_of_the_labs_subnet_is_not_touched(lab, tmp_path):
    inventory = single(tmp_path)
    inventory.hosts["w1a"]["ansible_host"] = "192.0.2.7"
    with pytest.raises(UsageError, match=r"192\.0\.2\.7 is outside") as refusal:
        ground.refuse_strangers(lab, build(inventory))
    assert refusal.value.where == "host w1a"


def test_every_fault_is_planned_for_each_group_or_once():
    steps = run.plan([1, 0], runs=3)
    assert len(steps) == 3 * sum(2 if fault.scope == "group" else 1 for fault in FAULTS)
    mine = [(step.group, step.run) for step in steps if step.fault.name == "host-lost"]
    assert mine == [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3)]
    assert {step.group for step in steps if step.fault.name == "etcd-leader-lost"} == {None}


def test_a_plan_says_what_happens_and_how_long_it_takes():
    text = run.described(run.plan([0], ["host-lost", "switchover"], 2))
    assert "host-lost: The leader's host loses its power" in text
    assert "4 run(s)" in text
    assert "minutes" in text


@pytest.mark.parametrize(("name", "seconds"), [("postgres-killed", 5), ("host-lost", 25), ("switchover", 4)])
def test_what_the_design_promises(name, seconds):
    assert named(name).limit_s == seconds


def test_faults_are_listed_without_an_inventory():
    shown = CliRunner().invoke(camgrid, ["chaos", "list", "--json"], standalone_mode=False)
    assert shown.exit_code == EXIT_OK
    assert all(f'"{fault.name}"' in shown.stdout for fault in FAULTS)


def member(name: str, role: str = "quorum_standby", state: str = "streaming", **changes) -> Member:
    return replace(Member(name, 1, "region_main", "10.0.0.21", role, state, timeline=2), **changes)


def test_members_may_change_places_and_must_all_be_back():
    before = places.places([member("a", "leader", "running"), member("b")])
    assert places.misplaced([member("b", "leader", "running"), member("a")], before) == []
    leader = member("a", "leader", "running")
    assert places.misplaced([leader, member("b", "replica")], before) == [
        "group 1: 1 synchronous standby less than before"
    ]
    stopped = places.misplaced([leader, member("b", "-", "stopped")], before)
    assert "group 1: 1 streaming replica less than before" in stopped
    assert places.misplaced([replace(leader, state="crashed"), member("b")], before) == [
        "group 1: 1 leader less than before"
    ]
    (wrong,) = places.misplaced([replace(leader, timeline=3), member("b")], before)
    assert wrong.startswith("group 1: timelines")


def result(**changes) -> Result:
    return replace(Result.of(named("host-lost"), 1, 1), without_writes_s=9.0, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"lost": 1},
        {"doubled": 1},
        {"halves": 1},
        {"unknown": 1},
        {"unsettled": ["g1m1 is stopped"]},
        {"failure": "no etcd"},
    ],
)
def test_whatever_is_wrong_fails_a_run(changes):
    assert result().verdict == "ok"
    bad = result(**changes)
    assert not bad.ok
    assert bad.verdict.startswith("FAILED: ")
    assert str(next(iter(changes.values()))).strip("[]'") in bad.verdict


def test_being_late_is_said():
    assert not result().late
    assert replace(result(), without_writes_s=25.1).verdict == "ok, later than promised"
    assert replace(result(), without_writes_s=99, promised_s=None).verdict == "ok"


def test_lost_writes_are_named():
    row = Row("counting_results", 800_001, 2, datetime(2026, 1, 2))
    made = result()
    run.fill(made, Verdict(lost=[Write(0, (row,))] * 9, doubled=[row]))
    assert (made.lost, made.doubled, made.halves) == (9, 1, 0)
    assert made.examples[0] == "lost: counting_results camera 800001 2 2026-01-02T00:00:00"
    assert made.examples[0] in made.line()


@pytest.mark.parametrize(
    ("direction", "dropped"), [("both", {"a . b", "b . a"}), ("out", {"a . b"}), ("in", {"b . a"})]
)
def test_a_cut_may_be_one_way(direction, dropped):
    assert set(directed("a", ["b"], direction)) == dropped
