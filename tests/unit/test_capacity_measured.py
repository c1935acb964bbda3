"""Bytes of a row from what a cluster says of its tables, and when they are not believed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camgrid.backup.repository import Backup, Stanza
from camgrid.capacity.costs import CONSTANTS
from camgrid.capacity.measured import LEAST_ROWS, Stored, Written, measure
from camgrid.capacity.model import Workload, month_bytes, wal_bytes

OCTOBER = date(2026, 10, 1)


def stored(rows: int, heap: float, index: float, shards: int = 32, **other) -> Stored:
    """A month in which a row takes so many bytes and each shard what it takes without rows."""
    return replace(
        Stored(
            "counting_results",
            OCTOBER,
            "heap",
            shards,
            rows,
            round(rows * heap + shards * CONSTANTS.shard_heap),
            0,
            round(rows * index + shards * CONSTANTS.shard_index),
        ),
        **other,
    )


def backup(kind: str, size: int, kept: int) -> Backup:
    """A backup of so many bytes that added so many to the repository."""
    when = datetime(2026, 11, 22, tzinfo=UTC)
    return Backup(1, "x", kind, when, when, size, kept, "1", 1, "0/1", "0/2", damaged=False)


@given(st.integers(10_000, 10**9), st.floats(40, 500), st.floats(20, 300), st.sampled_from([1, 32]))
def test_what_is_planned_from_a_measured_month_is_that_month(rows, heap, index, shards):
    month = stored(rows, heap, index, shards)
    costs = measure(CONSTANTS, [month]).costs
    work = Workload(rows, 1 / (365.25 / 12 * 86_400), events=0)
    again = month_bytes(work, costs, 0, 0)
    pages = shards * CONSTANTS.shard_month
    assert again.total + pages == pytest.approx(month.heap_bytes + month.index_bytes, rel=1e-3)


@pytest.mark.parametrize(
    "months",
    [
        [],
        [stored(LEAST_ROWS - 1, 90, 90)],
        [stored(LEAST_ROWS, 90, 90, shards=LEAST_ROWS)],
        [stored(5 * LEAST_ROWS, 90, 90, table_name="camera_events")],
    ],
    ids=["empty", "few", "few in each shard", "another table"],
)
def test_too_few_rows_leave_the_constants_and_say_so(months):
    found = measure(CONSTANTS, months)
    assert found.costs.result_heap == CONSTANTS.result_heap
    assert "result_heap" not in found.taken
    assert "rows" in found.constant["result_heap"]


def test_months_are_added_up_and_named():
    found = measure(CONSTANTS, [stored(20_000, 80, 60), stored(60_000, 100, 80, month=date(2026, 11, 1))])
    assert found.costs.result_heap == pytest.approx(95, abs=0.01)
    assert found.costs.result_index == pytest.approx(75, abs=0.01)
    assert found.taken["result_heap"] == "80,000 rows of 2 months"
    assert found.rows == 80_000


def test_an_archived_month_tells_of_the_archive_alone():
    month = Stored("counting_results", OCTOBER, "columnar", 32, 1_000_000, 20_000_000, 0, 90_000_000)
    found = measure(CONSTANTS, [month])
    assert found.costs.result_archive == pytest.approx(20, rel=0.1)
    assert found.costs.result_archive_index == pytest.approx(90, rel=0.1)
    assert "result_heap" in found.constant


def test_wal_is_all_that_was_written_over_the_results_that_came_meanwhile():
    found = measure(CONSTANTS, [], Written(3_000_000, 20_000, 900))
    assert found.costs.wal_all == 150
    assert "900 s" in found.taken["wal_all"]
    work = Workload(10, 1)
    assert wal_bytes(work, found.costs, 0) == 150 * work.results_in(0)


@pytest.mark.parametrize("wal", [None, Written(3_000_000, 200, 900), Written(-5, 2000, 900)])
def test_wal_without_enough_results_beside_it_is_not_believed(wal):
    found = measure(CONSTANTS, [], wal)
    assert found.costs.wal_all is None
    assert found.constant["wal_all"]


def test_backups_are_measured_by_the_newest_full_one_of_each_group():
    stanza = Stanza(
        1,
        (backup("full", 10**9, 10**9), backup("full", 10**9, 25 * 10**7), backup("diff", 10**9, 1)),
        None,
        "ok",
        running=False,
    )
    assert measure(CONSTANTS, [], stanzas=[stanza]).costs.backup_all == 0.25
    small = Stanza(1, (backup("full", 10**7, 10**6),), None, "ok", running=False)
    found = measure(CONSTANTS, [], stanzas=[small])
    assert found.costs.backup_all is None
    assert "10,000,000 bytes" in found.constant["backup_all"]
