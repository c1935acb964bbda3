"""The comparison of a database with a ledger finds what it is there to find."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from camgrid.chaos.ledger import Row, Write
from camgrid.chaos.verify import compare

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def count(number: int) -> Write:
    return Write(number, (Row("counting_results", 800_001, 1, NOON + timedelta(seconds=number)),))


def pair(number: int) -> Write:
    key, moment = f"event-{number}", NOON + timedelta(seconds=number)
    return Write(number, tuple(Row("camera_events", camera, key, moment) for camera in (800_001, 800_002)))


SENT = [count(0), count(1), pair(2), pair(3)]
ALL = {0, 1, 2, 3}


def stored(*left_out: Row) -> Counter[Row]:
    return Counter(row for write in SENT for row in write.rows if row not in left_out)


def test_nothing_is_wrong_when_all_is_there_once():
    assert compare(SENT, ALL, stored(), stored()).true


@pytest.mark.parametrize("missing_in", ["tables", "months"])
def test_a_lost_write_is_found(missing_in):
    less = stored(*SENT[1].rows)
    looks = (less, stored()) if missing_in == "tables" else (stored(), less)
    verdict = compare(SENT, ALL, *looks)
    assert not verdict.true
    assert verdict.lost == [SENT[1]]
    assert verdict.doubled + verdict.halves + verdict.unknown == []


def test_a_write_that_nobody_was_told_of_may_be_missing_or_there():
    assert compare(SENT, ALL - {1}, stored(*SENT[1].rows), stored(*SENT[1].rows)).true
    assert compare(SENT, ALL - {1}, stored(), stored()).true


@pytest.mark.parametrize("doubled_in", ["tables", "months"])
def test_a_doubled_row_is_found(doubled_in):
    row = SENT[0].rows[0]
    more = stored() + Counter([row])
    looks = (more, stored()) if doubled_in == "tables" else (stored(), more)
    verdict = compare(SENT, ALL, *looks)
    assert not verdict.true
    assert verdict.doubled == [row]
    assert verdict.lost + verdict.halves + verdict.unknown == []


@pytest.mark.parametrize("acknowledged", [True, False])
def test_a_half_transaction_is_found_acknowledged_or_not(acknowledged):
    half = stored(SENT[3].rows[1])
    verdict = compare(SENT, ALL if acknowledged else ALL - {3}, half, half)
    assert not verdict.true
    assert verdict.halves == [SENT[3]]
    assert verdict.lost == ([SENT[3]] if acknowledged else [])


def test_a_transaction_that_is_gone_as_a_whole_is_lost_and_not_half():
    verdict = compare(SENT, ALL, stored(*SENT[2].rows), stored(*SENT[2].rows))
    assert verdict.lost == [SENT[2]]
    assert verdict.halves == []


def test_a_row_that_nobody_sent_is_found():
    stranger = Row("counting_results", 800_009, 7, NOON)
    verdict = compare(SENT, ALL, stored() + Counter([stranger]), stored())
    assert not verdict.true
    assert verdict.unknown == [stranger]
