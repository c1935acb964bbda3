"""The rollups that a report chooses answer exactly as raw rows do, whatever zones, steps and ranges are asked for.

Tables of the session stand in for the cluster's, so that nothing depends on when its rollups are refreshed.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camgrid.errors import UsageError
from camgrid.report import plan, query, ranges
from camgrid.report.cameras import Cameras
from camgrid.report.counts import Request, rows
from camgrid.report.rollups import Freshness
from camgrid.report.scope import Scope, Wanted
from camgrid.report.steps import step
from tests.cluster.support import MEASURED

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif("CAMGRID_TEST_LAB" not in os.environ, reason="no lab: set CAMGRID_TEST_LAB"),
]

FIRST = 930_000
# Daylight saving of an hour, of half an hour, none; offsets of whole hours, of halves and of quarters.
ZONES = ("UTC", "Europe/Paris", "Australia/Melbourne", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo")
STEPS = (None, "15m", "30m", "hour", "2h", "6h", "day", "10d", "week", "month", "year")
# Around days on which clocks change in these zones.
DAYS = [datetime(2017, month, day, tzinfo=UTC) for month, day in ((3, 26), (4, 2), (10, 1), (10, 15), (10, 29))]
_FILL = """
    INSERT INTO raw (camera_id, zone_id, "timestamp", count_in, count_out, total_count)
    SELECT
        %(first)s + number %% %(zones)s, number %% 2,
        day + (number - 180) * interval '977 seconds', number, number / 2, 3
    FROM unnest(%(days)s::timestamptz[]) AS day, generate_series(0, 360) AS number
"""
_SUMS = "sum(count_in) AS count_in, sum(count_out) AS count_out, sum(total_count) AS total_count, count(*) AS results"


@pytest.fixture(scope="module")
def database(cluster):
    """A connection with raw rows and rollups of its own, of one camera in each zone; it leaves nothing behind."""
    places = [(FIRST + number, f"test {name}", name) for number, name in enumerate(ZONES)]
    with cluster.connect("admin") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE raw (LIKE camgrid.counting_results)")
        cursor.execute("ALTER TABLE raw DROP id, DROP frame_data, DROP created_at")
        cursor.execute(_FILL, {"first": FIRST, "zones": len(ZONES), "days": DAYS})
        cursor.execute("DELETE FROM camgrid.cameras WHERE id = ANY(%s)", ([place[0] for place in places],))
        cursor.executemany(
            "INSERT INTO camgrid.cameras (id, name, timezone, active) VALUES (%s, %s, %s, false)", places
        )
        for name, column, slot in (
            ("hourly", "hour", "date_trunc('hour', \"timestamp\", timezone)"),
            ("daily", "day", '("timestamp" AT TIME ZONE timezone)::date'),
        ):
            cursor.execute(
                f"CREATE TEMP TABLE {name} AS SELECT camera_id, zone_id, {slot} AS {column}, {_SUMS} "
                "FROM raw JOIN camgrid.cameras ON cameras.id = camera_id GROUP BY 1, 2, 3"
            )
        yield connection
        cursor.execute("DELETE FROM camgrid.cameras WHERE id = ANY(%s)", ([place[0] for place in places],))


@st.composite
def scopes(draw):
    """Some cameras, a zone or the cameras' own, and a range whose bounds often are midnights or full hours there."""
    names = draw(st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True))
    name = draw(st.sampled_from([*names, *ZONES, None]))
    zone = ZoneInfo(name) if name else None

    def bound():
        if draw(st.booleans()):
            return None
        near = draw(st.sampled_from(DAYS)) + timedelta(hours=draw(st.sampled_from([-24, 0, 0, 24, 48, 5])))
        local = near.replace(tzinfo=None) + timedelta(minutes=draw(st.sampled_from([0, 0, 0, 30, 7])))
        return ranges.instant(local, zone) if zone else local

    bounds = sorted((each for each in (bound(), bound()) if each), key=str)
    if len(set(bounds)) == 2:
        where = ranges.Range(zone, *bounds)
    else:
        where = ranges.Range(zone, start=bounds[0] if bounds else None)
    ids = [FIRST + ZONES.index(name) for name in names]
    extent = where.clipped(datetime(2017, 3, 1, tzinfo=UTC), datetime(2017, 12, 1, tzinfo=UTC))
    return Scope(Wanted(where), Cameras(ids, tuple(names), len(ids), 1), extent, Freshness("fresh"))


def answer(connection, scope, request, source):
    """The answer from one source; None when it says that it cannot answer exactly."""
    try:
        asked = replace(scope, wanted=replace(scope.wanted, source=source))
        return list(rows(connection, asked, request))
    except UsageError as refusal:
        if "cannot answer this exactly" not in str(refusal):
            raise
        return None


def test_rollups_answer_as_raw_rows_do(database, monkeypatch):
    tables = {plan.RAW: "raw", plan.HOURLY: "hourly", plan.DAILY: "daily"}
    monkeypatch.setattr(query, "_TABLES", tables)
    compared = Counter()

    @settings(max_examples=150, deadline=None, database=None)
    @given(scopes(), st.sampled_from(STEPS), st.lists(st.sampled_from(["camera", "zone"]), unique=True))
    def check(scope, name, per):
        request = Request(step(name) if name else None, per)
        raw = answer(database, scope, request, plan.RAW)
        for source in (plan.HOURLY, plan.DAILY):
            found = answer(database, scope, request, source)
            compared[source, found is None] += 1
            assert found is None or found == raw

    check()
    told = ", ".join(f"{source} {'refused' if no else 'equal'} {count}" for (source, no), count in compared.items())
    MEASURED.append(f"reports from rollups against raw rows: {told}")
    assert compared[plan.HOURLY, False] > 10
    assert compared[plan.DAILY, False] > 10
