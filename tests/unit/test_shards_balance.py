"""What `camgrid shards balance` and `hot` conclude from sizes and load."""

from dataclasses import replace

import pytest

from camgrid.shards.balance import hot, skew, weigh
from camgrid.shards.look import Group, Shard, View
from tests.unit.sharded import MIB, camera, view


def steps(findings):
    return [(finding.where, finding.next) for finding in findings]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([2, 2], 1.0), ([3, 1], 1.5), ([4, 0, 0], 3.0), ([0, 0], None), ([1, None], None), ([], None)],
)
def test_skew_is_the_largest_over_the_mean(values, expected):
    assert skew(values) == expected


def test_a_group_is_the_sum_of_its_shards_and_cameras():
    first, second = weigh(view()).groups
    assert (first.shards, first.cameras, first.bytes, first.biggest_shard) == (2, 2, 90 * MIB, 101)
    assert (first.cpu_seconds, first.statements, second.cpu_seconds) == (24.0, 200, 6.0)


def test_a_group_without_shards_counts_in_the_mean():
    three = [*view().groups, Group(3, "g3m1", 13)]
    balance = weigh(view(groups=three))
    assert balance.bytes_skew == pytest.approx(90 / (140 / 3), abs=0.001)
    assert balance.groups[2].bytes == 0


def test_bytes_that_moves_can_level_ask_for_a_rebalance():
    shards = [Shard(n, 1 if n < 8 else 2, f"g{1 if n < 8 else 2}m1", n, n + 1, 10 * MIB, 0, 1) for n in range(10)]
    balance = weigh(view(shards=shards, cameras=[]))
    assert balance.bytes_skew == 1.6
    assert steps(balance.findings) == [("bytes", "camgrid rebalance plan")]


@pytest.mark.parametrize(("cameras", "step"), [(2, "camgrid shards isolate 7 --plan"), (1, "larger disks")])
def test_a_shard_that_outweighs_a_group_is_named(cameras, step):
    balance = weigh(view(shards=[replace(s, cameras=cameras) for s in view().shards]))
    assert (balance.biggest_shard, balance.biggest_over_mean) == (101, round(80 / 70, 3))
    assert "shard 101 alone (80.0 MiB) is 1.14 times" in balance.findings[0].what
    assert step in balance.findings[0].next


def test_even_bytes_and_load_are_no_finding():
    shards = [replace(s, bytes=40 * MIB if s.citus_group == 1 else 80 * MIB) for s in view().shards]
    assert weigh(view(shards=shards, cameras=[camera(7, 101, 1, 20.0), camera(9, 103, 2, 18.0)])).findings == []


def test_the_camera_that_makes_a_group_hot_is_to_be_isolated():
    assert ("group 1", "camgrid shards isolate 7 --plan") in steps(weigh(view()).findings)


def test_load_without_a_hot_camera_asks_for_a_rebalance():
    many = [camera(number, 101, 1, 2.0) for number in range(10)]
    assert ("group 1", "camgrid rebalance plan") in steps(weigh(view(cameras=many)).findings)


def test_a_little_load_is_chance():
    little = [camera(7, 101, 1, 2.9)]
    assert not [f for f in weigh(view(cameras=little)).findings if f.where == "group 1"]
    assert hot(view(cameras=little)) == []


def test_load_that_nobody_measures_is_not_known():
    balance = weigh(view(untracked=[2], cameras=[camera(7, 101, 1, 20.0)]))
    assert (balance.tracked, balance.load_skew) == (False, None)
    assert [group.cpu_seconds for group in balance.groups] == [20.0, None]
    # The coordinator says which camera a statement is for: without it no node knows.
    assert weigh(view(untracked=[0])).groups[0].cpu_seconds is None


def test_a_silent_node_leaves_sizes_unknown_and_says_why():
    first, *rest = view().shards
    balance = weigh(view(shards=[replace(first, bytes=None, reason="refused"), *rest]))
    assert balance.bytes_skew is None
    assert balance.findings[0].what == "the size of shard 101 is not known: refused"


def test_hot_names_cameras_by_their_share_of_the_group():
    findings = hot(view())
    assert [(f.where, f.what) for f in findings] == [("group 1", "camera 7 makes 83% of its load (20.0 CPU s)")]
    assert findings[0].next == "camgrid shards isolate 7 --plan"
    # Camera 9 is all of group 2's load, which is below the mean.
    assert not [f for f in findings if f.where == "group 2"]


@pytest.mark.parametrize(("beside", "says"), [(15.0, "to move it"), (1.0, "fits nowhere better")])
def test_a_hot_camera_with_a_shard_of_its_own_is_moved_where_that_helps(beside, says):
    own = [replace(s, hash_high=s.hash_low) if s.shard_id == 101 else s for s in view().shards]
    cameras = [camera(7, 101, 1, 20.0), camera(8, 102, 1, beside), camera(9, 103, 2, 2.0)]
    (finding,) = [f for f in hot(view(shards=own, cameras=cameras)) if "camera 7" in f.what]
    assert says in finding.next
    assert finding.next in [f.next for f in weigh(view(shards=own, cameras=cameras)).findings]


def test_nothing_sharded_is_one_group_in_balance():
    alone = View(False, groups=[Group(0, "localhost")], shards=[Shard(1, 0, "localhost", None, None, MIB, 5, 3)])
    balance = weigh(alone)
    assert (balance.bytes_skew, balance.findings, balance.groups[0].cameras) == (1.0, [], 3)
    assert not alone.shards[0].isolated
