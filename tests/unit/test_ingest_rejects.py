"""The rejects file, and what becomes of it when an import is stopped."""

from __future__ import annotations

import csv

import pytest

from camgrid.errors import CamgridError, UsageError
from camgrid.ingest.rejects import RejectsFile, kind
from camgrid.ingest.source import Reject

ONE = Reject(2, "total_count is empty", '1,"a\nb",\n')
TWO = Reject(9, "total_count is negative: -4", "1,-4\r\n")


@pytest.fixture
def file(tmp_path):
    return RejectsFile(tmp_path / "x.rejects.csv")


def lines(file):
    with file.path.open(newline="") as text:
        return list(csv.reader(text))[1:]


def test_rejects_are_csv_with_the_row_as_it_was(file):
    file.write(file.write(0, [ONE]), [TWO])
    assert lines(file) == [["2", ONE.reason, '1,"a\nb",'], ["9", TWO.reason, "1,-4"]]
    assert file.kinds() == {"total_count is empty": 1, "total_count is negative": 1}


def test_what_was_not_committed_is_cut_off(file):
    committed = file.write(0, [ONE])
    file.write(committed, [TWO])
    assert file.write(committed, []) == committed
    assert len(lines(file)) == 1
    file.write(committed, [TWO])
    assert len(lines(file)) == 2


def test_without_rejects_there_is_no_file(file):
    assert file.write(0, []) == 0
    assert not file.path.exists()
    file.write(0, [ONE])
    assert file.write(0, []) == 0
    assert not file.path.exists()


def test_a_file_that_lost_its_beginning_is_not_made_up_for(file):
    size = file.write(0, [ONE])
    file.path.write_text("line")
    assert not file.has(size)
    with pytest.raises(CamgridError, match="cut"):
        file.write(size, [TWO])


def test_bytes_that_are_no_text_are_kept(file):
    file.write(0, [Reject(2, "the line is not UTF-8", b"1,\xff\n".decode(errors="surrogateescape"))])
    assert b"1,\xff" in file.path.read_bytes()


def test_other_files_are_not_overwritten(file, tmp_path):
    source = tmp_path / "x.csv"
    source.write_text("a,b\n")
    file.check(source)
    file.path.write_text("my own notes\n")
    with pytest.raises(UsageError, match="holds no rejects"):
        file.check(source)
    with pytest.raises(UsageError, match="into the file itself"):
        RejectsFile(source).check(source)
    file.write(0, [ONE])
    file.check(source)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("total_count is empty", "total_count is empty"),
        ("count_in is not an integer: 'a: b'", "count_in is not an integer"),
        ("no partition for 2012-01: --make-partitions makes it", "no partition for 2012-01"),
        (
            "local time 2012-10-07T02:00 does not exist in Australia/Melbourne (daylight saving skips it)",
            "local time … does not exist in Australia/Melbourne (daylight saving skips it)",
        ),
    ],
)
def test_rejects_are_counted_by_cause(reason, expected):
    assert kind(reason) == expected
