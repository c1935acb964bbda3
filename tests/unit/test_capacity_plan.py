"""Workers, shards and hosts for a workload."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camgrid.capacity import purchase
from camgrid.capacity.costs import CONSTANTS
from camgrid.capacity.hardware import GB, Host, cores_needed
from camgrid.capacity.model import Workload
from camgrid.capacity.plan import Planned, plan, shards_for, share
from camgrid.capacity.purchase import Copies
from camgrid.errors import UsageError

WORK = Workload(1000, 1)
COUNTS = st.integers(1, 256)


@given(COUNTS, COUNTS)
def test_the_fullest_group_has_whole_shards_and_no_fewer_than_its_part(workers, shards):
    part = share(workers, shards)
    assert part * workers > 0.999999
    assert part * shards == pytest.approx(round(part * shards))


@given(COUNTS, st.integers(1, 64), st.integers(1, 100_000))
def test_shards_are_a_power_of_two_and_never_more_than_cameras(workers, cores, cameras):
    shards = shards_for(workers, cores, cameras)
    assert shards & (shards - 1) == 0
    assert shards <= cameras


@settings(max_examples=30, deadline=None)
@given(st.integers(100, 3000), st.integers(1, 3000), st.integers(0, 60))
def test_more_cameras_never_need_fewer_workers(cameras, more, month):
    few, many = (
        Planned(replace(WORK, cameras=count), CONSTANTS, Host(), 64).need(month).workers_by
        for count in (cameras, cameras + more)
    )
    assert all(few[reason] <= many[reason] for reason in few)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([0.96, 1.92, 3.84, 7.68]), st.integers(0, 36))
def test_what_fits_on_a_disk_leaves_the_headroom_free(terabytes, month):
    host = Host(drive_bytes=round(terabytes * 1000 * GB))
    found = Planned(replace(WORK, cameras=300), CONSTANTS, host, 64)
    need = found.need(month)
    assert need.stored.total * share(need.workers, 64) <= host.data_bytes * (1 - host.headroom)


def test_the_next_worker_is_due_in_the_first_month_that_what_is_there_cannot_hold():
    found = plan(WORK, CONSTANTS, Host(), workers=4, shards=64)
    growing = plan(replace(WORK, growth=0.5), CONSTANTS, Host(), workers=4, shards=64)
    assert growing.due
    assert growing.need(growing.due.month).workers > 4 >= growing.need(growing.due.month - 1).workers
    assert not found.due or found.due.month > growing.due.month


def test_the_first_purchase_is_enough_for_as_long_as_it_is_to_last():
    found = plan(replace(WORK, growth=1.0), CONSTANTS, Host(), lasts=18)
    assert max(found.need(month).workers for month in range(19)) == found.bought
    assert found.due
    assert found.due.month > 18


def test_more_reads_and_smaller_statements_keep_more_cores_busy():
    least = cores_needed(replace(WORK, batch=100), 0, 0)
    assert least < cores_needed(WORK, 0, 0) < cores_needed(WORK, 0, 10_000)


def test_a_drive_for_wal_alone_is_counted_as_no_room_for_data():
    apart, alone = Host(2, 1000 * GB, "separate"), Host(1, 1000 * GB, "one")
    assert apart.data_bytes == alone.data_bytes
    assert apart.limit(0, 0, 10**6) > alone.limit(0, 0, 10**6)
    assert Host(4, 1000 * GB, "raid10").data_bytes == 2 * Host(2, 1000 * GB, "raid1").data_bytes


@pytest.mark.parametrize(
    ("host", "told"),
    [
        (Host(1), "cannot be separate"),
        (Host(3, layout="raid1"), "in pairs"),
        (Host(2, layout="raid10"), "cannot be raid10"),
        (Host(2, layout="one"), "cannot be one"),
        (Host(drive_bytes=10**6), "too small"),
        (Host(memory=10**6), "memory"),
        (Host(headroom=0.95), "headroom"),
    ],
)
def test_a_host_that_cannot_be_is_refused(host, told):
    with pytest.raises(UsageError, match=told):
        host.check()


def test_hosts_that_hold_not_even_a_shard_are_refused_with_what_they_lack():
    with pytest.raises(UsageError, match="enough disk"):
        plan(replace(WORK, cameras=50_000), CONSTANTS, Host(drive_bytes=20 * GB))


@given(st.integers(1, 60), st.integers(0, 3), st.sampled_from([1, 2]))
def test_servers_make_as_many_groups_as_take_those_servers(workers, replicas, regions):
    copies = Copies(replicas, regions)
    assert purchase.workers_for(purchase.hosts_of(workers, copies), copies) == workers
    assert purchase.workers_for(purchase.hosts_of(workers + 1, copies) - 1, copies) == workers


def test_too_few_servers_are_refused():
    with pytest.raises(UsageError, match="5 servers make no cluster"):
        purchase.workers_for(5, Copies())


@given(st.floats(1, 10**12))
def test_memory_that_is_recommended_keeps_what_is_hot(hot):
    size = purchase.memory_for(hot)
    assert size
    assert Host(memory=size).hot_limit >= hot


@settings(deadline=None)
@given(st.integers(1, 12), st.integers(0, 2), st.sampled_from([1, 2]))
def test_the_hardware_table_has_every_server(workers, replicas, regions):
    copies = Copies(replicas, regions)
    found = plan(replace(WORK, cameras=100), CONSTANTS, Host(), workers=workers)
    rows = purchase.table(found, copies, 1.0)
    assert sum(row["hosts"] for row in rows) == purchase.hosts_of(workers, copies)
