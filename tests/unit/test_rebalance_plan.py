"""What a rebalance would move: shards that go as one, bytes, time, balance and obstacles."""

import pytest

from camgrid.rebalance import obstacles, plan
from camgrid.rebalance.disk import Disk
from camgrid.rebalance.layout import Layout, ShardGroup, skew
from camgrid.rebalance.plan import Move, Pace

MIB = 1024**2


def shard_group(shard, group, megabytes, tables=3):
    """Shards shard, shard + 1000 … of as many tables, which move as one."""
    return ShardGroup(shard, 2, group, tables, megabytes * MIB, tuple(shard + 1000 * n for n in range(tables)))


@pytest.fixture
def layout():
    shards = (shard_group(101, 1, 40), shard_group(102, 1, 20), shard_group(103, 2, 10))
    return Layout((1, 2, 3), frozenset({1, 2, 3}), shards, load={101: 90.0, 102: 10.0, 103: 20.0})


def test_a_group_without_shards_counts_in_the_balance(layout):
    assert [(b.group, b.shards, b.bytes, b.load) for b in layout.balances()] == [
        (1, 2, 60 * MIB, 100.0),
        (2, 1, 10 * MIB, 20.0),
        (3, 0, 0, 0.0),
    ]


def test_the_balance_afterwards_has_each_shard_where_it_goes(layout):
    after = layout.balances(lambda each: 3 if each.shard == 101 else each.group)
    assert [(b.shards, b.bytes // MIB, b.load) for b in after] == [(1, 20, 10.0), (1, 10, 20.0), (1, 40, 90.0)]


def test_load_that_was_not_measured_is_not_zero(layout):
    unmeasured = Layout(layout.groups, layout.takes, layout.shard_groups)
    assert {balance.load for balance in unmeasured.balances()} == {None}


@pytest.mark.parametrize(("values", "expected"), [([2, 2], 1.0), ([4, 0], 2.0), ([0, 0], None), ([], None)])
def test_skew_is_the_fullest_over_the_mean(values, expected):
    assert skew(values) == expected


def test_shards_of_all_tables_are_one_move_in_citus_order(layout):
    rows = [(2103, 2, 3), (103, 2, 3), (1101, 1, 3), (101, 1, 3)]
    moves = plan.joined(layout, rows, Pace(10 * MIB, 2.0, "test"))
    assert moves == [Move(103, 10 * MIB, 2, 3, 3.0), Move(101, 40 * MIB, 1, 3, 6.0)]


def test_a_shard_that_has_gone_since_is_no_move(layout):
    assert plan.joined(layout, [(999, 1, 3)], Pace(1, 1, "test")) == []


def test_one_move_at_a_time_takes_the_sum():
    assert plan.duration([Move(1, 0, 1, 3, 5.0), Move(2, 0, 2, 4, 7.0)], 1) == 12.0


def test_several_moves_at_a_time_are_bound_by_the_busiest_worker():
    moves = [Move(1, 0, 1, 3, 4.0), Move(2, 0, 1, 4, 4.0), Move(3, 0, 1, 5, 4.0)]
    assert plan.duration(moves, 2) == 6.0


def test_the_pace_is_that_of_the_moves_that_were_made():
    small = plan.paced("test", 20.0, [shard_group(101, 1, 1), shard_group(102, 1, 1)])
    large = plan.paced("test", 116.0, [shard_group(101, 1, 1000)])
    assert small.overhead_s == plan.FIRST_OVERHEAD_S
    assert round(large.rate / MIB) == round(1000 / (116 - plan.FIRST_OVERHEAD_S))


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_no_pace_is_taken_from_no_time(seconds):
    assert plan.paced("test", seconds, [shard_group(101, 1, 1)]) is None
    assert plan.paced("test", 5.0, []) is None


def test_a_member_whose_disk_would_be_too_full_is_named():
    moves = [Move(1, 30 * MIB, 1, 3), Move(2, 30 * MIB, 2, 3)]
    disks = [
        Disk(3, "g3m1", free=80 * MIB, total=100 * MIB),
        Disk(3, "g3m2", free=65 * MIB, total=100 * MIB),
        Disk(1, "g1m1", free=0, total=100 * MIB),
    ]
    (found,) = obstacles.of_disks(disks, moves)
    assert found.where == "g3m2"
    assert "60.0 MiB would come, 65.0 MiB of 100.0 MiB are free" in found.what


def test_a_member_that_does_not_tell_its_disk_is_an_obstacle():
    (found,) = obstacles.of_disks([Disk(3, "g3m1", 0, 0, "does not answer within seconds")], [Move(1, 1, 1, 3)])
    assert "does not answer within seconds" in found.what
