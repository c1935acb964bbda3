"""Which backup a group is restored from, and by whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from camgrid.backup import plan, points
from camgrid.backup.points import Place, Point
from camgrid.backup.repository import Backup, Stanza
from camgrid.errors import UsageError
from camgrid.patroni import Member
from camgrid.topology import Node, Topology

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
# Timeline 3 came from 2 at 0/5000000, and 2 from 1 at 0/3000000.
HISTORY = "1\t0/3000000\tat restore point\n\n2\t0/5000000\tno recovery target specified\n"


def backup(label: str, *, hours: float, timeline: int = 1, stop: str = "0/2000000", group: int = 0) -> Backup:
    """A backup that ended so many hours after noon."""
    ended = NOON + timedelta(hours=hours)
    return Backup(
        group, label, "full", ended - timedelta(minutes=5), ended, 10, 5, "7", timeline, "0/1000000", stop, False
    )


def point(**groups: Place) -> Point:
    return Point(
        "here", NOON, NOON, {int(name[1:]): place for name, place in groups.items()} or {0: Place("7", 1, "0/9")}
    )


def stanza(*backups: Backup, group: int = 0) -> Stanza:
    return Stanza(group, backups, None, "ok", running=False)


def test_the_newest_backup_that_ended_before_the_point_is_taken():
    found = stanza(backup("old", hours=-9), backup("newer", hours=-1), backup("after", hours=1))
    chosen = plan.newest_before(point(g0=Place("7", 1, "0/4000000")), 0, found)
    assert chosen.label == "newer"


def test_a_backup_that_was_being_taken_at_the_point_is_not_older():
    with pytest.raises(UsageError, match="no backup of group 0 is older than here"):
        plan.newest_before(point(g0=Place("7", 1, "0/4000000")), 0, stanza(backup("running", hours=0.01)))


@pytest.mark.parametrize(
    ("timeline", "stop", "leads"),
    [
        (3, "0/6000000", True),
        (2, "0/4000000", True),
        (2, "0/5000001", False),  # after timeline 3 had left it: the branch that an earlier restore gave up
        (1, "0/2000000", True),
        (1, "0/4000000", False),
        (4, "0/6000000", False),
    ],
)
def test_only_a_backup_on_the_way_to_the_points_timeline_will_do(timeline, stop, leads):
    place = Place("7", 3, "0/7000000", HISTORY)
    assert plan.leads_to(backup("b", hours=-1, timeline=timeline, stop=stop), place) is leads


def test_a_backup_of_another_database_under_the_same_name_will_not_do():
    assert not plan.leads_to(backup("b", hours=-1), Place("8", 1, "0/7000000"))


def test_a_point_of_other_groups_is_refused():
    with pytest.raises(UsageError, match="had the groups 0, 1, and now it has 0"):
        plan.steps(point(g0=Place("7", 1, "0/9"), g1=Place("8", 1, "0/9")), [stanza()], {0: "g0m1"})


def test_positions_are_compared_as_numbers():
    assert plan.position("1/0") > plan.position("0/FFFFFFFF")
    assert plan.ancestors(HISTORY) == [(1, plan.position("0/3000000")), (2, plan.position("0/5000000"))]


def test_a_member_that_does_not_lead_brings_its_group_back_and_never_one_for_reports():
    nodes = tuple(
        Node(f"g{group}m{member}", f"192.0.2.{group}{member}", "region_main", group, member, analytics=member == 3)
        for group, members in ((0, (1, 2, 3)), (1, (1, 2)))
        for member in members
    )
    topology = Topology("lab", "horizontal", nodes, {}, {})
    leading = [
        Member(name, group, "region_main", "", "leader", "running") for name, group in (("g0m1", 0), ("g1m2", 1))
    ]
    assert plan.choose_hosts(topology, leading, [], "region_main") == {0: "g0m2", 1: "g1m1"}
    assert plan.choose_hosts(topology, leading, ["g0m2", "g1m1"], "region_main") == {0: "g0m1", 1: "g1m2"}
    with pytest.raises(UsageError, match="group 1 has no host"):
        plan.choose_hosts(topology, leading, ["g1m1", "g1m2"], "region_main")


def test_a_point_is_found_by_name_or_as_the_last_before_a_time():
    made = [Point(f"p{hour}", NOON, NOON + timedelta(hours=hour), {}) for hour in range(3)]
    assert points.find(made, "p0").name == "p0"
    assert points.find(made, "2026-03-01T14:30+01:00").name == "p1"
    for wanted, complaint in {
        "2026-03-01T11:00Z": "no restore point is as old",
        "2026-03-01T13:00": "has no time zone",
        "yesterday": "neither a restore point nor a time",
    }.items():
        with pytest.raises(UsageError, match=complaint):
            points.find(made, wanted)


@pytest.mark.parametrize("name", ["", "auto-1", "../etc/passwd", "a b", "x" * 61, "-rf"])
def test_a_name_that_could_be_mistaken_is_refused(name):
    with pytest.raises(UsageError, match="cannot be a restore point's name"):
        points.check_name(name)


def test_a_record_comes_back_as_it_was():
    made = Point("p", NOON, NOON, {0: Place("7", 3, "0/9", HISTORY)}, {"cameras": {"cameras": ["1", "2"]}})
    assert Point.parse(made.as_record()) == made
