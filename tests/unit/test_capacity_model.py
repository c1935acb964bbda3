"""Rows and bytes of a workload: what must hold whatever the constants are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camgrid.capacity import model
from camgrid.capacity.backups import repository
from camgrid.capacity.costs import CONSTANTS
from camgrid.capacity.model import Workload
from camgrid.capacity.quantities import MONTH_S
from camgrid.errors import UsageError

WORKLOADS = st.builds(
    Workload,
    cameras=st.integers(1, 50_000),
    rate=st.floats(1 / 86_400, 10),
    events=st.floats(0, 1000),
    zones=st.integers(1, 8),
    batch=st.integers(1, 100),
    frame_data=st.integers(0, 500),
    retention=st.integers(8, 60),
    archive_after=st.none() | st.integers(1, 7),
    growth=st.floats(0, 1),
    history=st.integers(0, 30),
)
MONTHS = st.integers(0, 72)


def test_a_thousand_cameras_a_second_are_two_and_a_half_billion_rows_a_month():
    assert Workload(1000, 1).results_in(0) == 1000 * 365.25 / 12 * 86_400


@given(WORKLOADS, MONTHS)
def test_more_cameras_never_take_less(work, month):
    more = replace(work, cameras=work.cameras + 1)
    for size in (
        lambda each: model.held(each, CONSTANTS, month, 32).total,
        lambda each: model.wal_bytes(each, CONSTANTS, month),
        lambda each: model.hot_bytes(each, CONSTANTS, month),
        lambda each: repository(each, CONSTANTS, month, 32, 4).total,
    ):
        assert size(more) > size(work)


@given(WORKLOADS, MONTHS)
def test_twice_the_rate_is_twice_the_bytes_of_results(work, month):
    work = replace(work, events=0)
    once, twice = (model.month_bytes(each, CONSTANTS, month, 32) for each in (work, replace(work, rate=2 * work.rate)))
    assert (twice.raw, twice.indexes) == pytest.approx((2 * once.raw, 2 * once.indexes))
    assert twice.empty == once.empty


@given(WORKLOADS, MONTHS)
def test_a_month_more_of_retention_never_takes_less(work, month):
    longer = replace(work, retention=work.retention + 1)
    assert model.held(longer, CONSTANTS, month, 32).total >= model.held(work, CONSTANTS, month, 32).total


@given(WORKLOADS)
def test_what_is_held_does_not_grow_any_more_once_retention_is_full_but_for_rollups(work):
    work = replace(work, growth=0)
    full = work.retention
    first, later = (model.held(work, CONSTANTS, month, 32) for month in (full, full + 5))
    assert replace(later, rollups=0) == replace(first, rollups=0)
    assert later.rollups == pytest.approx(first.rollups + 5 * model.rollup_bytes(work, CONSTANTS, 0))


@given(WORKLOADS)
def test_history_is_as_if_it_had_been_counted_from_its_beginning(work):
    work = replace(work, growth=0)
    begun = replace(work, history=0)
    assert model.held(work, CONSTANTS, 3, 32).total == pytest.approx(
        model.held(begun, CONSTANTS, 3 + work.history, 32).total
    )


@given(WORKLOADS, MONTHS)
def test_rollups_have_at_most_a_row_for_each_result_and_for_each_hour(work, month):
    hourly, daily = model.rollup_rows(work, month)
    assert daily <= hourly * 1.000001
    assert hourly <= work.results_in(month) * 1.000001
    assert hourly <= work.cameras_in(month) * work.zones * MONTH_S / 3600 * 1.000001


@given(WORKLOADS)
def test_larger_batches_write_less_wal(work):
    assert model.wal_bytes(replace(work, batch=work.batch + 1), CONSTANTS, 0) < model.wal_bytes(work, CONSTANTS, 0)


def test_months_pass_from_plain_to_archived_to_dropped_as_the_nightly_job_does():
    work = Workload(10, 1, retention=3, archive_after=1)
    plain = model.month_bytes(work, CONSTANTS, 0, 32).raw
    cold = model.month_bytes(work, CONSTANTS, 0, 32, archived=True).archive
    seen = [model.held(work, CONSTANTS, month, 32) for month in range(6)]
    assert [round(each.raw / plain) for each in seen] == [1, 2, 2, 2, 2, 2]
    assert [round(each.archive / cold) for each in seen] == [0, 0, 1, 2, 2, 2]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rate": 0}, "rate of 0"),
        ({"cameras": 0}, "at least one"),
        ({"retention": 6}, "never archived"),
        ({"retention": 3, "archive_after": 12}, "never archived"),
        ({"retention": 0}, "at least one month"),
        ({"archive_after": 0}, "after one full month"),
        ({"events": -1}, "not negative"),
        ({"growth": -1}, "growth"),
    ],
)
def test_what_cannot_be_meant_is_refused(change, told):
    with pytest.raises(UsageError, match=told):
        Workload(**({"cameras": 10, "rate": 1} | change)).check()
