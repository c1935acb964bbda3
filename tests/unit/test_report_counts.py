"""`camgrid report counts`: its range, its query, and what it prints."""

from __future__ import annotations

import csv
import json
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from camgrid.cli import report
from camgrid.cli.report import counts as cli
from camgrid.cli.report import options
from camgrid.errors import UsageError
from camgrid.report import output
from camgrid.report.cameras import Cameras
from camgrid.report.query import SPLITS, Sums
from camgrid.report.ranges import Range, moment
from camgrid.report.rollups import Freshness
from camgrid.report.scope import Scope, Wanted
from camgrid.report.steps import step

MELBOURNE = ZoneInfo("Australia/Melbourne")
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-31", "2026-01-30T13:00:00+00:00"),
        ("2026-01-31T08:00+01:00", "2026-01-31T07:00:00+00:00"),
        ("2012-10-07T02:30", "2012-10-06T16:30:00+00:00"),  # skipped: half an hour after the clock went on
        ("2012-04-01T02:30", "2012-03-31T15:30:00+00:00"),  # twice: the earlier one
    ],
)
def test_a_bound_is_an_instant(text, instant):
    assert moment(text, MELBOURNE).isoformat() == instant


@pytest.mark.parametrize("text", ["yesterday", "", "2026-02-30", "0001-01-01"])
def test_a_bound_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="is no date or time"):
        moment(text, MELBOURNE)


def test_a_range_runs_forwards():
    with pytest.raises(UsageError, match="is not before"):
        Range(MELBOURNE, start=JANUARY, end=JANUARY)


SCOPE = Scope(
    Wanted(Range(MELBOURNE)), Cameras(None, ("UTC",), 3, 1), (JANUARY, JANUARY + timedelta(days=9)), Freshness("absent")
)


@given(
    source=st.sampled_from(["raw", "hourly"]),
    by=st.none() | st.sampled_from(["15m", "hour", "6h", "10d", "month"]),
    per=st.lists(st.sampled_from(SPLITS)),
    start=st.none() | st.just(JANUARY),
    zone_id=st.none() | st.integers(),
    cameras=st.none() | st.just([1]),
)
def test_every_request_makes_a_whole_query(source, by, per, start, zone_id, cameras):
    sums = Sums(source, Range(MELBOURNE, start), step(by) if by else None, per, cameras, zone_id)
    text = sums.select().as_string()
    assert ("GROUP BY 1" in text) == bool(sums.keys)
    assert text.count("%(start)s") == (start is not None)
    assert text.count("%(zone_id)s") == (zone_id is not None)
    assert text.count("%(cameras)s") == (cameras is not None)
    assert "{" not in text


def run(monkeypatch, rows, *arguments):
    """The verb with a database that answers these rows: its exit code or error, stdout and stderr."""
    monkeypatch.setattr(cli.report, "rows", lambda connection, scope, request: (row for row in rows))
    monkeypatch.setattr(cli.scopes, "look", lambda connection, wanted: replace(SCOPE, wanted=wanted))
    app = SimpleNamespace(connect=lambda role, **options: nullcontext(role))
    said = []
    monkeypatch.setattr(options, "say", said.append)
    result = CliRunner().invoke(report.command, ["counts", *arguments], obj=app, catch_exceptions=True)
    return result.exception or result.exit_code, result.stdout, said


HOURS = [(datetime(2026, 1, 1, hour, tzinfo=MELBOURNE), 1, "Gate", 1, 2, 3, 4) for hour in range(3)]
SPLIT = ["--by", "hour", "--per", "camera"]


def test_csv_has_stable_columns_and_times_with_offsets(monkeypatch):
    code, out, said = run(monkeypatch, HOURS, *SPLIT, "--format", "csv")
    table = list(csv.reader(out.splitlines()))
    assert table[0] == ["period", "camera_id", "camera_name", "count_in", "count_out", "total_count", "results"]
    assert table[1] == ["2026-01-01T00:00:00+11:00", "1", "Gate", "1", "2", "3", "4"]
    assert (code, said) == (0, [])


def test_a_cut_answer_says_so(monkeypatch):
    code, out, said = run(monkeypatch, HOURS, *SPLIT, "--json", "--limit", "2")
    assert [row["period"][11:13] for row in json.loads(out)["rows"]] == ["00", "01"]
    assert code == 0
    assert "only the first 2 rows" in said[0]


def test_an_empty_range_is_no_failure(monkeypatch):
    code, out, said = run(monkeypatch, [], "--from", "2026-01-01", "--to", "2026-02-01")
    assert (code, out) == (0, "")
    assert said == ["no results between 2026-01-01T00:00:00+00:00 and 2026-02-01T00:00:00+00:00"]


def test_a_file_is_whole_or_not_there(monkeypatch, tmp_path):
    path = tmp_path / "x.csv"
    run(monkeypatch, HOURS, *SPLIT, "--output", str(path))
    assert len(path.read_text().splitlines()) == 4
    with pytest.raises(ValueError, match="shorter"):
        output.write([(1,)], ("a", "b"), "json", tmp_path / "y.json")
    assert [each.name for each in tmp_path.iterdir()] == ["x.csv"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json", "--format", "csv"],
        ["--output", "x.txt"],
        ["--output", "x.csv", "--format", "table"],
        ["--timezone", "Mars"],
    ],
)
def test_options_that_contradict_are_refused(monkeypatch, arguments):
    error, out, _ = run(monkeypatch, HOURS, *arguments)
    assert isinstance(error, UsageError)
    assert not out


def test_a_name_is_no_markup(monkeypatch):
    hostile = [(HOURS[0][0], 1, "[/red] Gate [bold]", 1, 2, 3, 4)]
    for more in ([], ["--plot"]):
        code, _out, _ = run(monkeypatch, hostile, *SPLIT, *more)
        assert code == 0
