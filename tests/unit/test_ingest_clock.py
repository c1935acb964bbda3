"""Local times and instants, daylight saving included."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camgrid.errors import UsageError
from camgrid.ingest.clock import NO_OFFSET, Ambiguous, Months, Stamps, duration, instants, zone
from camgrid.ingest.fields import Bad

# Half-hour shifts, shifts at midnight, shifts of a whole day, and none.
ZONES = ["Australia/Melbourne", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "Europe/Dublin", "UTC"]
MELBOURNE = ZoneInfo("Australia/Melbourne")
NOW = datetime(2026, 6, 1, tzinfo=UTC)
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2037, 12, 30))


def stamps(name=None, months=None):
    return Stamps(zone(name) if name else None, NOW, months or Months([(date(1970, 1, 1), date(2100, 1, 1))]))


@given(TIMES, st.sampled_from(ZONES))
def test_every_instant_is_one_of_those_of_its_local_time(utc, name):
    where = ZoneInfo(name)
    instant = utc.replace(tzinfo=UTC)
    assert instant in instants(instant.astimezone(where).replace(tzinfo=None, fold=0), where)


@given(TIMES, st.sampled_from(ZONES))
def test_a_local_time_happens_at_most_twice_in_order_and_only_when_the_clock_shows_it(local, name):
    where = ZoneInfo(name)
    found = instants(local, where)
    assert len(found) <= 2
    assert list(found) == sorted(set(found))
    assert all(instant.astimezone(where).replace(tzinfo=None, fold=0) == local for instant in found)


def test_daylight_saving_skips_and_repeats_an_hour():
    assert instants(datetime(2012, 10, 7, 2, 30), MELBOURNE) == ()
    first, second = instants(datetime(2012, 4, 1, 2, 30), MELBOURNE)
    assert second - first == timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2012-01-01T00:00Z", "2012-01-01 00:00:00+00:00"),
        ("2012-01-01 11:00:00+11:00", "2012-01-01 00:00:00+00:00"),
        (" 2012-01-01T00:00:00.25-01:30 ", "2012-01-01 01:30:00.250000+00:00"),
        ("2012-01-01T11:00", "2012-01-01 00:00:00+00:00"),
        ("2012-07-01", "2012-06-30 14:00:00+00:00"),
    ],
)
def test_a_timestamp_is_stored_in_utc(text, stored):
    assert stamps("Australia/Melbourne")(text) == stored


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "timestamp is empty"),
        (None, "timestamp is empty"),
        ("1325376000", "timestamp is not ISO 8601: '1325376000'"),
        ("2012-13-01", "timestamp is not ISO 8601: '2012-13-01'"),
        ("0001-01-01T00:00+10:00", "timestamp is out of range: '0001-01-01T00:00+10:00'"),
        ("1212-01-01T00:00Z", "timestamp is before 1970: 1212-01-01T00:00:00+00:00"),
        ("2026-06-01T00:01Z", "timestamp lies in the future: 2026-06-01T00:01:00+00:00"),
        (
            "2012-10-07T02:00",
            "local time 2012-10-07T02:00 does not exist in Australia/Melbourne (daylight saving skips it)",
        ),
    ],
)
def test_a_timestamp_that_is_none_is_refused(text, reason):
    assert stamps("Australia/Melbourne")(text).reason == reason


def test_without_a_zone_local_times_mean_nothing():
    assert stamps()("2012-01-01T00:00") is NO_OFFSET
    assert stamps()("2012-01-01T00:00Z") == "2012-01-01 00:00:00+00:00"


def test_the_third_row_of_an_hour_that_happens_twice_is_refused():
    twice = stamps("Australia/Melbourne")("2012-04-01T02:00")
    assert isinstance(twice, Ambiguous)
    assert [twice.choice(0), twice.choice(1)] == ["2012-03-31 15:00:00+00:00", "2012-03-31 16:00:00+00:00"]
    assert "2012-04-01T02:00 happens only twice" in twice.choice(2).reason


def test_a_missing_month_is_refused_or_asked_for():
    january = [(date(2012, 1, 1), date(2012, 2, 1))]
    last, next_ = datetime(2012, 1, 31, 23, 59, tzinfo=UTC), datetime(2012, 2, 1, tzinfo=UTC)
    refusing, making = Months(january), Months(january, make=True)
    assert refusing.refusal(last) is None
    assert refusing.refusal(next_).reason == "no partition for 2012-02: --make-partitions makes it"
    assert making.refusal(next_) is None
    assert making.missing == {date(2012, 2, 1)}
    making.made([*january, (date(2012, 2, 1), date(2012, 3, 1))])
    assert not making.missing


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    assert isinstance(stamps("Europe/Dublin")(text), str | Bad | Ambiguous)


@pytest.mark.parametrize("name", ["", "Mars/Base", "../etc/passwd", "Australia", "/etc/localtime"])
def test_a_zone_that_is_none_is_refused(name):
    with pytest.raises(UsageError, match="unknown time zone"):
        zone(name)


def test_durations():
    assert duration("90s") == timedelta(seconds=90)
    assert duration(" 2h ") == timedelta(hours=2)
    for text in ("", "5", "-5m", "5 weeks", "m"):
        with pytest.raises(UsageError, match="is no duration"):
            duration(text)
