"""What is said of the next phase, for the production example as it would be in each."""

from pathlib import Path

import pytest

from camgrid import growth
from camgrid.errors import UsageError
from camgrid.inventory import load
from camgrid.patroni import Member
from camgrid.phases import Task, verified
from camgrid.topology import MAIN_REGION, build

PRODUCTION = Path(__file__).resolve().parents[2] / "inventory/production"
TABLES = [growth.Table("counting_results", 10_000_000, 2 * 1024**3, 6), growth.Table("camera_events", 0, 8192, 12)]


@pytest.fixture
def inventory(tmp_path):
    """The example with a directory for packages of its own."""
    found = load(PRODUCTION)
    for variables in found.hosts.values():
        variables["camgrid_packages_dir"] = str(tmp_path)
    return found


def plan(inventory, phase, target, members=(), tables=TABLES):
    start = growth.in_phase(inventory, phase)
    return growth.plan(start, build(start), target, list(members), list(tables))


def member(name="coord-a", role="leader", state="running", region=MAIN_REGION, **facts) -> Member:
    return Member(name, 0, region, "10.0.0.1", role, state, **facts)


def test_the_next_phase_is_the_one_after_and_never_one_behind():
    assert growth.next_phase("foundation") == "read_scaling"
    assert growth.next_phase("foundation", "horizontal") == "horizontal"
    with pytest.raises(UsageError, match="not ahead"):
        growth.next_phase("horizontal", "read_scaling")
    with pytest.raises(UsageError, match="last phase"):
        growth.next_phase("multi_region")


def test_replicas_need_no_pause_of_writes(inventory):
    found = plan(inventory, "foundation", "read_scaling")
    assert found.possible
    assert (found.restart_s, found.switch_s) == (0, 0)
    replicas = [node.host for node in build(growth.in_phase(inventory, "read_scaling")).group(0)][1:]
    assert f"group 0: {', '.join(replicas)} become replicas" in found.steps[0]


def test_shards_are_named_with_their_groups_their_tables_and_their_price(inventory):
    found = plan(inventory, "read_scaling", "horizontal")
    assert found.possible
    steps = "\n".join(found.steps)
    for number in build(growth.in_phase(inventory, "horizontal")).groups()[1:]:
        assert f"group {number}: " in steps
    assert "counting_results (10,000,000 rows, 2.0 GiB) is distributed by camera_id while it is written to" in steps
    assert "camera_events is distributed by camera_id" in steps
    assert found.restart_s == growth.RESTART_S
    assert found.switch_s == 6 * growth.SWITCH_S_PER_MONTH, "an empty table is quick, whatever its months"
    assert plan(inventory, "read_scaling", "horizontal", tables=[]).switch_s == 0


def test_a_missing_package_is_a_need_that_is_not_met(inventory, tmp_path):
    for variables in inventory.hosts.values():
        variables["citus_repository"] = ""
    assert not plan(inventory, "read_scaling", "horizontal").possible
    (tmp_path / "postgresql-17-citus-14.0_1_amd64.deb").touch()
    found = plan(inventory, "read_scaling", "horizontal")
    assert found.possible
    assert next(need for need in found.needs if need.what.startswith("Citus")).detail.endswith("_amd64.deb")


def test_hosts_that_are_missing_are_named(inventory):
    inventory.groups["workers"] = []
    for variables in inventory.hosts.values():
        variables.pop("citus_group", None)
    found = plan(inventory, "read_scaling", "horizontal")
    assert not found.possible
    assert any("add worker hosts" in need.detail for need in found.needs)


@pytest.mark.parametrize(
    ("facts", "says"),
    [({"state": "stopped"}, "coord-a is stopped"), ({"pending_restart": True}, "coord-a waits for a restart")],
)
def test_an_unhealthy_member_is_in_the_way(inventory, facts, says):
    found = plan(inventory, "read_scaling", "horizontal", [member(**facts)])
    assert found.obstacles == [says]
    assert not found.possible


def task(phase: int, done: bool) -> Task:
    return Task(phase, "it", done, "seen")


@pytest.mark.parametrize(
    ("replicas", "shards", "follower", "phase"),
    [
        (False, False, False, "foundation"),
        (False, True, False, "foundation"),  # shards alone do not make up for replicas that are missing
        (True, False, False, "read_scaling"),
        (True, True, False, "horizontal"),
        (True, False, True, "multi_region"),
        (True, True, True, "multi_region"),
        (False, True, True, "foundation"),
    ],
)
def test_the_verified_phase_is_the_furthest_true_one(replicas, shards, follower, phase):
    tasks = [task(1, False), task(2, replicas), task(3, shards), task(4, False)]
    other = [member(role="standby_leader", region="region_dr")] if follower else []
    assert verified(tasks, [member(), *other]) == phase
