"""From rows to COPY lines and rejects: none is lost, and the same file always gives the same."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camgrid.ingest.clock import Months, Stamps, zone
from camgrid.ingest.rows import Camera, Validator
from camgrid.ingest.source import Block, Reject

NAMES = ("timestamp", "camera_id", "count_in", "count_out", "confidence", "frame_data")
CELLS = {
    "timestamp": ["2012-01-01T00:00", "2012-01-01T00:00Z", "2012-04-01T02:00", "2012-10-07T02:00", "x", ""],
    "camera_id": ["1", "2", "0", ""],
    "count_in": ["1", "2147483647", "-1", None],
    "count_out": ["1", "", None],
    "confidence": ["0.5", "2", ""],
    "frame_data": ['{"a": "\\t"}', "{", ""],
}
ROW = st.tuples(*(st.sampled_from(CELLS[name]) for name in NAMES))


def validator(names=NAMES, **options):
    months = Months([(date(2011, 1, 1), date(2013, 1, 1))])
    stamps = Stamps(zone("Australia/Melbourne"), datetime(2026, 1, 1, tzinfo=UTC), months)
    return Validator({name: at for at, name in enumerate(names)}, stamps, **options)


def block(rows, start=2):
    numbers = range(start, start + len(rows))
    return Block(rows, numbers, [f"raw {number}" for number in numbers], [], start + len(rows) - 1)


def stamped(times, names=("timestamp", "camera_id", "total_count")):
    checked = validator(names).check(block([(time, "1", "5") for time in times]))
    return [line.split("\t")[2] for line in checked.lines], [reject.reason for reject in checked.rejects]


@given(st.lists(ROW, max_size=30), st.integers(1, 7))
def test_every_row_is_stored_or_rejected_whatever_the_chunks(rows, size):
    whole = validator().check(block(rows))
    assert sorted([*whole.rows, *(reject.line - 2 for reject in whole.rejects)]) == list(range(len(rows)))

    by_chunks = validator()
    parts = [by_chunks.check(block(rows[at : at + size], at + 2)) for at in range(0, len(rows), size)]
    assert [line for part in parts for line in part.lines] == list(whole.lines)
    assert [reject for part in parts for reject in part.rejects] == whole.rejects


@given(st.lists(ROW, min_size=1, max_size=10))
def test_stored_lines_are_whole(rows):
    checker = validator()
    for line in checker.check(block(rows)).lines:
        assert len(line.split("\t")) == len(checker.columns)
        assert "\n" not in line


def test_columns_that_the_file_lacks_are_left_to_the_table():
    checker = validator(("timestamp", "camera_id", "total_count"), zone=3)
    assert checker.columns == ("camera_id", "zone_id", "timestamp", "total_count")
    assert checker.check(block([("2012-01-01T00:00Z", "7", "5")])).lines == ["7\t3\t2012-01-01 00:00:00+00:00\t5"]


def test_a_file_of_one_camera_needs_no_column_for_it():
    checker = validator(("timestamp", "total_count"), camera=9)
    assert checker.check(block([("2012-01-01T00:00Z", "5")])).lines[0].startswith("9\t0\t")


@pytest.mark.parametrize(
    ("ways", "total"),
    [(("1", "2", "7"), "7"), (("1", "2", None), "3"), ((None, "2", None), "2"), (("1", None, None), "1")],
)
def test_the_total_is_the_row_s_own_or_the_sum(ways, total):
    names = ("timestamp", "camera_id", "count_in", "count_out", "total_count")
    checked = validator(names).check(
        block([("2012-01-01T00:00Z", "1", *ways), ("2012-01-01T00:00Z", "2", "0", "0", "1")])
    )
    assert checked.lines[0].split("\t")[-1] == total


@pytest.mark.parametrize(
    ("ways", "reason"),
    [
        ((None, None), "no count: the row has none of count_in, count_out, total_count"),
        (("2147483647", "1"), "total_count is too large: 2147483648"),
        (("", "1"), "count_in is empty"),
    ],
)
def test_no_total_without_counts(ways, reason):
    names = ("timestamp", "camera_id", "count_in", "count_out")
    checked = validator(names).check(block([("2012-01-01T00:00Z", "1", *ways)]))
    assert checked.rejects == [Reject(2, reason, "raw 2")]


def test_an_hour_that_happens_twice_is_first_the_earlier_then_the_later():
    early, late = "2012-03-31 15:00:00+00:00", "2012-03-31 16:00:00+00:00"
    assert stamped(["2012-04-01T02:00"]) == ([early], [])
    stored, refused = stamped(["2012-04-01T02:00", "2012-04-01 02:00:00", "2012-04-01T02:00"])
    assert stored == [early, late]
    assert len(refused) == 1


def test_a_rejected_row_takes_its_turn_and_other_cameras_have_turns_of_their_own():
    rows = [("2012-04-01T02:00", "1", "-5"), ("2012-04-01T02:00", "2", "5"), ("2012-04-01T02:00", "1", "5")]
    checked = validator(("timestamp", "camera_id", "total_count")).check(block(rows))
    assert [line.split("\t")[2] for line in checked.lines] == ["2012-03-31 15:00:00+00:00", "2012-03-31 16:00:00+00:00"]


def test_cameras_are_registered_once_with_what_their_first_good_row_says():
    names = ("timestamp", "camera_id", "total_count", "camera_name", "site")
    checker = validator(names)
    checker.know([3])
    now = "2012-01-01T00:00Z"
    rows = [
        (now, "2", "x", "bad row", "x"),
        (now, "2", "1", " Gate ", "North"),
        (now, "2", "1", "other", "x"),
        (now, "3", "1", "known", "x"),
        (now, "1", "1", "", None),
        (now, "4", "1", "a\0b", "\ud800"),
        (now, "5", "x", "never stored", ""),
    ]
    found = checker.check(block(rows)).cameras
    assert found == [Camera(1, "camera 1", None), Camera(2, "Gate", "North"), Camera(4, "camera 4", None)]
    assert checker.check(block(rows)).cameras == []
