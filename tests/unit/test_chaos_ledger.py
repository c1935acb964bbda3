"""The ledger on disk, and the times that are taken from it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from camgrid.chaos.ledger import Ledger, Row, load, longest_gap
from camgrid.errors import UsageError

NOON = datetime(2026, 1, 2, 12, 0, 0, 123456, tzinfo=UTC)
COUNT = (Row("counting_results", 800_001, 3, NOON),)
PAIR = tuple(Row("camera_events", camera, "5b8f", NOON) for camera in (800_001, 800_002))


def test_what_was_sent_and_acknowledged_is_on_disk_at_once(tmp_path):
    ledger = Ledger(tmp_path / "deep" / "ledger.jsonl")
    first = ledger.send("write", COUNT)
    second = ledger.send("pair", PAIR)
    ledger.fail("pair", "57P01 AdminShutdown")
    ledger.acknowledge("pair", second)
    # Not closed: as a run that was killed leaves it.
    sent, acknowledged = load(ledger.path)
    assert sent == [first, second] == ledger.sent
    assert sent[1].rows == PAIR
    assert acknowledged == ledger.acknowledged == {1}
    assert ledger.errors == {"57P01 AdminShutdown": 1}
    ledger.close()


def test_a_last_line_that_was_cut_off_is_no_error(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.acknowledge("write", ledger.send("write", COUNT))
    ledger.close()
    whole = ledger.path.read_text()
    ledger.path.write_text(whole[:-5])
    sent, acknowledged = load(ledger.path)
    assert (len(sent), acknowledged) == (1, set())


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "other"
    path.write_text("hello\n")
    with pytest.raises(UsageError, match="no ledger"):
        load(path)


@pytest.mark.parametrize(
    ("times", "gap"),
    [
        ([1, 2, 3, 9, 10], 6),  # the fault at 4 lies in it
        ([1, 3.9, 4.5, 8.5, 10], 4),  # after it
        ([2.5, 3, 4.5, 5, 6, 7, 8, 9, 10], 1.5),  # an earlier one does not count
        ([1, 2, 3], 7),  # nothing came back
        ([], 10),
    ],
)
def test_the_longest_wait_that_a_fault_may_have_caused(times, gap):
    assert longest_gap(times, start=0, fault=4, end=10) == gap


def test_when_a_client_was_served_last(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    assert ledger.last("read") == 0
    ledger.read("read")
    assert ledger.last("read") == ledger.done["read"][-1] > 0
    ledger.close()
