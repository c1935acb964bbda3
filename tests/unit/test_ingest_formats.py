"""Rows and lines of CSV and NDJSON files, dirty ones included."""

from __future__ import annotations

import csv
import gzip
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camgrid.errors import UsageError
from camgrid.ingest.formats import open_source
from camgrid.ingest.source import DamagedError

CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
LINE = st.text(alphabet='a1,"\r \0é', max_size=8)
ANY_FILE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def rows(path, size=1000):
    """Everything that a file holds, in its order: (line, fields) or (line, reason)."""
    source = open_source(path)
    source.positions({"a": "a"} if source.open_ended else {})
    found = []
    while block := source.block(size):
        found += zip(block.numbers, map(list, block.fields), strict=True)
        found += [(reject.line, reject.reason) for reject in block.broken]
    source.close()
    return sorted(found, key=lambda row: row[0])


def csv_file(tmp_path, content: bytes | str, name="x.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@ANY_FILE
@given(table=st.lists(st.lists(CELL, min_size=2, max_size=2), max_size=12), size=st.integers(1, 5))
def test_whatever_a_csv_writer_writes_is_read(tmp_path, table, size):
    text = io.StringIO()
    csv.writer(text).writerows([["a", "b"], *table])
    assert [fields for _, fields in rows(csv_file(tmp_path, text.getvalue()), size)] == table


@ANY_FILE
@given(lines=st.lists(LINE, max_size=12), size=st.integers(1, 5))
def test_rows_do_not_depend_on_the_size_of_blocks(tmp_path, lines, size):
    path = csv_file(tmp_path, "\n".join(["a,b", *lines]))
    assert rows(path, size) == rows(path)


def test_a_stray_quote_costs_its_own_line_only(tmp_path):
    path = csv_file(tmp_path, 'a,b\n1,"x\n2,y\n3,"z"\n4,"two\nlines"\n5,v\n')
    (line, reason), *good = rows(path)
    assert (line, reason.split(":")[0]) == (2, "not CSV")
    assert good == [(3, ["2", "y"]), (4, ["3", "z"]), (5, ["4", "two\nlines"]), (7, ["5", "v"])]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1", "wrong number of fields: 1 instead of 2"),
        (b"1,2,3", "wrong number of fields: 3 instead of 2"),
        (b"1,\xff", "the line is not UTF-8"),
        (b"1,a\0", "the line holds a NUL byte"),
    ],
)
def test_a_broken_line_is_told_apart(tmp_path, line, reason):
    path = csv_file(tmp_path, b"a,b\n\n1,2\n" + line + b"\n3,4\n")
    assert rows(path) == [(3, ["1", "2"]), (4, reason), (5, ["3", "4"])]


def test_undecodable_bytes_are_kept_for_the_rejects(tmp_path):
    source = open_source(csv_file(tmp_path, b"a,b\n1,\xff\n"))
    assert source.block(1).broken[0].raw.encode(errors="surrogateescape") == b"1,\xff\n"


def test_gzip_is_known_by_its_content_and_a_bom_is_no_part_of_the_header(tmp_path):
    path = csv_file(tmp_path, gzip.compress("\ufeffa,b\r\n1,2\r\n".encode()))
    assert open_source(path).columns == ["a", "b"]
    assert rows(path) == [(2, ["1", "2"])]


def test_a_gzip_file_that_breaks_off_is_no_shorter_file(tmp_path):
    whole = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(50_000)))
    with pytest.raises(DamagedError, match="damaged after line"):
        rows(csv_file(tmp_path, whole[: len(whole) // 2]))


def test_ndjson_fields_become_text_and_a_missing_key_is_not_an_empty_one(tmp_path):
    lines = ['{"a": 5}', '{"a": "5"}', '{"a": null}', '{"b": 1}', '{"a": {"x": [1.5]}}', '{"a": true}', "", "[1]", "{"]
    path = csv_file(tmp_path, "\n".join(lines), "x.ndjson")
    found = rows(path, 2)
    assert [fields for _, fields in found[:6]] == [["5"], ["5"], [""], [None], ['{"x":[1.5]}'], ["true"]]
    assert [(line, reason.split(":")[0]) for line, reason in found[6:]] == [(8, "bad JSON"), (9, "bad JSON")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", b"", "no CSV header"),
        ("x.csv", b"\xff\xfea\0", "no CSV header"),
        ("x.ndjson", b"a,b\n1,2\n", "is a JSON object"),
        ("x.txt", b"a,b\n", "does not tell the format"),
    ],
)
def test_what_cannot_be_a_file_of_rows_is_refused(tmp_path, name, content, message):
    with pytest.raises(UsageError, match=message):
        open_source(csv_file(tmp_path, content, name))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        open_source(tmp_path / "none.csv")
