"""Steps of time, comparisons and the choice of a source."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from camgrid.errors import UsageError
from camgrid.report import counts, ranges
from camgrid.report.plan import Question, choose
from camgrid.report.steps import months_later, step

EXTENT = (datetime(2014, 1, 1, tzinfo=UTC), datetime(2015, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("text", ["0m", "7h", "90m", "7m", "", "fortnight", "-1h", "99999d", "1h30m"])
def test_a_step_that_fits_nothing_is_refused(text):
    with pytest.raises(UsageError, match=r"step of time|fits neither"):
        step(text)


@pytest.mark.parametrize(
    ("zone", "name", "start", "source"),
    [
        ("Europe/Paris", "day", "2014-03-01", "daily"),
        ("UTC", "day", "2014-03-01", "hourly"),
        ("Europe/Paris", "day", "2014-03-01T05:00", "hourly"),
        ("Europe/Paris", "6h", None, "hourly"),
        ("Asia/Kolkata", "hour", None, "raw"),
        ("Europe/Paris", "15m", None, "raw"),
        ("Europe/Paris", "hour", "2014-03-01T00:30", "raw"),
        ("camera", "month", "2014-03-01", "daily"),
    ],
)
def test_the_largest_rollup_that_is_exact_is_chosen(zone, name, start, source):
    question = Question(ranges.of(start, None, zone), step(name), ["Europe/Paris"], EXTENT)
    assert choose(question).source == source
    assert choose(question, unusable="stopped").source == "raw"
    if source != "daily":
        with pytest.raises(UsageError, match="cannot answer this exactly"):
            choose(question, "daily")


def test_a_shorter_month_ends_a_shifted_range():
    paris = ZoneInfo("Europe/Paris")
    march = ranges.of("2026-03-30", "2026-04-01", "Europe/Paris")
    shifted = march.shifted("month")
    assert shifted.shown() == ("2026-02-28T00:00:00+01:00", "2026-03-01T00:00:00+01:00")
    assert months_later(datetime(2024, 2, 29), -12) == datetime(2023, 2, 28)
    with pytest.raises(UsageError, match="nothing lies a month before"):
        ranges.of("2026-03-29", "2026-03-31", "Europe/Paris").shifted("month")
    request = counts.Request(step("day"), compare="month")
    assert counts._later((datetime(2026, 1, 31, tzinfo=paris),), march, request) is None
    assert counts._later((datetime(2026, 2, 28, tzinfo=paris),), march, request)[0].day == 28
