"""What `camgrid shards isolate` plans, and what it refuses before anything is changed."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from camgrid import patroni
from camgrid.errors import EXIT_UNHEALTHY, CamgridError, UsageError
from camgrid.patroni import Member
from camgrid.shards import plan as plans
from camgrid.shards import ready
from camgrid.shards.look import Shard, View
from tests.unit.sharded import GIB, MIB, Citus, camera, view


@pytest.fixture
def citus(monkeypatch):
    """The cluster, in which camera 7 has three quarters of its shard's rows."""
    citus = Citus()
    monkeypatch.setattr(plans, "_share", lambda *_: 0.75)
    members = [Member(f"g{group}m1", group, "region_main", "-", "leader", "running") for group in (0, 1, 2)]
    citus.members = [*members, Member("g2m2", 2, "region_main", "-", "quorum_standby", "streaming")]
    monkeypatch.setattr(patroni, "members", lambda *_: citus.members)
    return citus


def make(citus, camera_id=7, group=None):
    return plans.make(citus, citus.view, camera_id, group)


def refuse(citus, plan=None):
    ready.refuse(SimpleNamespace(inventory=None, topology=None), citus, plan or make(citus))


def test_a_camera_goes_to_the_group_that_carries_least_without_it(citus):
    citus.view = view(cameras=[camera(7, 101, 1, 20.0), camera(8, 101, 1, 7.0), camera(9, 103, 2, 6.0)])
    plan = make(citus)
    assert (plan.splits, plan.moves, plan.target.citus_group, plan.bytes) == (True, True, 2, 60 * MIB)
    assert "shard 101, with 1 other camera, in group 1; group 2 has the least load (6.0 CPU s" in plan.text()
    assert "1. split: shard 101 (80.0 MiB) is copied on g1m1" in plan.text()
    assert "2. move: that shard (about 60.0 MiB) from group 1 to group 2 (g2m1)" in plan.text()


def test_it_stays_where_its_own_group_is_the_quietest_without_it(citus):
    plan = make(citus)
    assert (plan.splits, plan.moves, plan.target.citus_group) == (True, False, 1)
    assert len(plan.steps) == 1


def test_without_measured_load_bytes_decide(citus):
    citus.view = view(cameras=[], untracked=[0, 1, 2])
    plan = make(citus)
    assert plan.target.citus_group == 2
    assert "no load is measured" in plan.reason


def test_a_shard_of_its_own_is_only_moved(citus):
    citus._split(7)
    plan = make(citus, group=2)
    assert (plan.splits, plan.moves, plan.bytes) == (False, True, 60 * MIB)
    assert [step.split(":")[0] for step in plan.steps] == ["move"]


def test_a_finished_plan_has_nothing_to_do(citus):
    citus._split(7)
    plan = make(citus, group=1)
    assert plan.steps == []
    assert "Nothing to do." in plan.text()
    citus.members = []
    citus.busy = ["background job 1 is running"]
    refuse(citus, plan)  # what need not be done is not refused


@pytest.mark.parametrize(
    ("camera_id", "group", "says"), [(77, None, "there is no camera 77"), (7, 5, "group 5 takes no shards")]
)
def test_wrong_names_are_wrong_usage(citus, camera_id, group, says):
    with pytest.raises(UsageError, match=says):
        make(citus, camera_id, group)


def test_nothing_sharded_is_wrong_usage(citus):
    with pytest.raises(UsageError, match="nothing is sharded"):
        plans.make(citus, View(False, shards=[Shard(1, 0, "localhost", None, None, MIB, 5, 3)]), 7)


def test_a_sound_cluster_is_not_refused(citus):
    refuse(citus)


def test_an_unhealthy_member_refuses(citus):
    citus.members[-1] = replace(citus.members[-1], state="running")
    with pytest.raises(CamgridError, match="g2m2 does not stream") as error:
        refuse(citus)
    assert error.value.exit_code == EXIT_UNHEALTHY


def test_a_standby_regions_member_does_not_count(citus):
    leading = replace(citus.members[-1], role="standby_leader", region="region_dr")
    citus.members += [leading, replace(leading, name="dr2m2", role="replica", state="stopped")]
    refuse(citus)


def test_shards_that_move_already_refuse(citus):
    citus.busy = ["background job 4 (rebalance) is running"]
    with pytest.raises(CamgridError, match=r"background job 4 \(rebalance\) is running"):
        refuse(citus)


def test_a_table_without_identity_refuses(citus):
    citus.unkeyed = ["camgrid.notes"]
    with pytest.raises(CamgridError, match=r"camgrid\.notes: without a primary key"):
        refuse(citus)


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [("wal_level", "replica", "wal_level is replica"), ("plugins", "pgoutput", "output_plugin_libraries")],
)
def test_settings_that_would_block_writers_refuse(citus, setting, value, says):
    citus.nodes[1][setting] = value
    with pytest.raises(CamgridError, match=f"group 1: {says}"):
        refuse(citus)


def test_a_node_that_does_not_answer_refuses(citus, monkeypatch):
    monkeypatch.setattr(citus, "execute", lambda *_: [(2, False, "connection refused")])
    with pytest.raises(CamgridError, match="group 2: its primary does not answer: connection refused"):
        ready.readiness(citus)


@pytest.mark.parametrize(("group", "need"), [(1, 80 * MIB), (2, 60 * MIB)])
def test_too_little_disk_refuses_with_the_numbers(citus, group, need):
    plan = make(citus, group=2)
    citus.nodes[group]["free"] = 10 * GIB + need
    refuse(citus, plan)
    citus.nodes[group]["free"] -= 1
    with pytest.raises(CamgridError, match=rf"group {group}: too little disk: .*{need / MIB:.1f} MiB needed"):
        refuse(citus, plan)


def test_the_planners_rows_are_those_of_the_outermost_plan():
    remote = [[{"Plan": {"Plan Rows": 90, "Plans": [{"Plan Rows": 4}, {"Plan Rows": 86}]}}]]
    told = [{"Plan": {"Plan Rows": 0, "Distributed Query": {"Job": {"Tasks": [{"Remote Plan": remote}]}}}}]
    assert plans._rows(told) == 90
