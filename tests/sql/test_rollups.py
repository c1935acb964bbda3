"""The rollups are what one plain GROUP BY over the raw rows says, whatever was done to them in whatever order."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cluster.support import MEASURED
from tests.cluster.waiting import roll_up, until

FIRST = 960_001
# Offsets of whole hours, of half an hour all year, and of half an hour for a part of it.
ZONES = ("UTC", "Asia/Kolkata", "Australia/Lord_Howe")
CAMERAS = [FIRST + number for number in range(len(ZONES))]
START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=2)
EXAMPLES = 200 if "CAMGRID_TEST_ALL" in os.environ else 25

_SUMS = "sum(count_in)::bigint, sum(count_out)::bigint, sum(total_count)::bigint, count(*)"
_RAW = "camgrid.counting_results AS r JOIN camgrid.cameras AS c ON c.id = r.camera_id WHERE r.camera_id = ANY(%s)"
# rollup → what it holds, what it should hold
QUERIES = {
    "counts_hourly": (
        "SELECT camera_id, zone_id, hour, count_in, count_out, total_count, results FROM camgrid.counts_hourly"
        " WHERE camera_id = ANY(%s)",
        f"SELECT camera_id, zone_id, date_trunc('hour', \"timestamp\", timezone), {_SUMS} FROM {_RAW} GROUP BY 1, 2, 3",
    ),
    "counts_daily": (
        "SELECT camera_id, zone_id, day, count_in, count_out, total_count, results FROM camgrid.counts_daily"
        " WHERE camera_id = ANY(%s)",
        f'SELECT camera_id, zone_id, ("timestamp" AT TIME ZONE timezone)::date, {_SUMS} FROM {_RAW} GROUP BY 1, 2, 3',
    ),
    "camera_latest": (
        'SELECT camera_id, zone_id, "timestamp", count_in, count_out, total_count, confidence'
        " FROM camgrid.camera_latest WHERE camera_id = ANY(%s)",
        'SELECT DISTINCT ON (camera_id, zone_id) camera_id, zone_id, "timestamp", count_in, count_out, total_count,'
        f' confidence FROM {_RAW} ORDER BY camera_id, zone_id, "timestamp" DESC',
    ),
}

camera = st.sampled_from(CAMERAS)
moment = st.integers(0, 2 * 96).map(lambda quarter: START + timedelta(minutes=15 * quarter, seconds=quarter % 7))
row = st.tuples(camera, st.integers(0, 1), moment, st.integers(0, 9), st.integers(0, 9))
# What is done: rows sent (again, perhaps), changed or deleted; a camera's zone corrected; the job run.
action = st.one_of(
    st.tuples(st.just("send"), st.lists(row, min_size=1, max_size=8)),
    st.tuples(st.just("change"), st.tuples(camera, moment, st.integers(0, 9))),
    st.tuples(st.just("delete"), st.tuples(camera, moment, moment)),
    st.tuples(st.just("zone"), st.tuples(camera, st.sampled_from(ZONES))),
    st.tuples(st.just("refresh"), st.none()),
)


@pytest.fixture
def connection(cluster):
    """A superuser's connection in autocommit; nothing of the cameras is left behind."""
    with cluster.connect("admin") as connection:
        yield connection
        empty(connection)
        connection.execute("DELETE FROM camgrid.rollup_zones WHERE camera_id = ANY(%s)", (CAMERAS,))
        connection.execute("DELETE FROM camgrid.cameras WHERE id = ANY(%s)", (CAMERAS,))


def empty(connection: psycopg.Connection) -> None:
    """Deletes all results, and registers each camera with a zone of its own."""
    connection.execute("DELETE FROM camgrid.counting_results WHERE camera_id = ANY(%s)", (CAMERAS,))
    for number, name in zip(CAMERAS, ZONES, strict=True):
        connection.execute(
            "INSERT INTO camgrid.cameras (id, name, timezone, active) VALUES (%s, %s, %s, false)"
            " ON CONFLICT (id) DO UPDATE SET timezone = excluded.timezone",
            (number, f"rollup {number}", name),
        )
    connection.execute("CALL camgrid.refresh_rollups()")


def do(connection: psycopg.Connection, name: str, what) -> None:
    """One action of hypothesis's."""
    if name == "send":
        for camera_id, zone_id, when, count_in, count_out in what:
            connection.execute(
                'INSERT INTO camgrid.counting_results (camera_id, zone_id, "timestamp", count_in, count_out)'
                " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                (camera_id, zone_id, when, count_in, count_out),
            )
    elif name == "change":
        query = 'UPDATE camgrid.counting_results SET total_count = %s WHERE camera_id = %s AND "timestamp" >= %s'
        connection.execute(query, (what[2], what[0], what[1]))
    elif name == "delete":
        query = 'DELETE FROM camgrid.counting_results WHERE camera_id = %s AND "timestamp" BETWEEN %s AND %s'
        connection.execute(query, what)
    elif name == "zone":
        connection.execute("UPDATE camgrid.cameras SET timezone = %s WHERE id = %s", (what[1], what[0]))
    else:
        connection.execute("CALL camgrid.refresh_rollups()")


def compare(connection: psycopg.Connection) -> None:
    """An assertion error where a rollup differs from the raw rows."""
    for name, queries in QUERIES.items():
        held, wanted = (set(connection.execute(query, (CAMERAS,)).fetchall()) for query in queries)
        assert held == wanted, name


def test_rollups_equal_the_raw_rows_after_anything(connection):
    done: dict[str, int] = {}

    @settings(max_examples=EXAMPLES, deadline=None, database=None)
    @given(st.lists(action, min_size=1, max_size=12))
    def check(actions):
        empty(connection)
        for name, what in actions:
            done[name] = done.get(name, 0) + 1
            do(connection, name, what)
        connection.execute("CALL camgrid.refresh_rollups()")
        compare(connection)

    check()
    counted = ", ".join(f"{count} x {name}" for name, count in sorted(done.items()))
    MEASURED.append(f"rollups equal the raw rows in {EXAMPLES} cases of {counted}")


def test_the_job_keeps_them_up_by_itself(connection):
    empty(connection)
    do(connection, "send", [(FIRST, 0, START, 1, 2)])
    until(lambda: connection.execute(QUERIES["camera_latest"][0], (CAMERAS,)).fetchall(), 90)
    compare(connection)
    state, since = connection.execute("SELECT state, complete_since FROM camgrid.rollup_health()").fetchone()
    assert (state, since) == ("fresh", None)


def test_a_month_is_dropped_only_once_the_rollups_have_it(connection):
    month, drop = "1984-05-01", "CALL camgrid.drop_partition('counting_results', %s)"
    sums = "SELECT sum(count_in) FROM camgrid.counts_daily WHERE camera_id = %s AND day < '1985-01-01'"
    empty(connection)
    connection.execute("CALL camgrid.make_partition('counting_results', %s)", (month,))
    do(connection, "send", [(FIRST, 0, datetime(1984, 5, 7, tzinfo=UTC), 5, 2)])
    assert "do not have all results" in connection.execute(drop, (month,)).fetchone()[0]
    roll_up(connection)
    assert connection.execute(drop, (month,)).fetchone() == ("dropped",)
    assert connection.execute(sums, (FIRST,)).fetchone() == (5,)
    for table, column in (("counts_hourly", "hour"), ("counts_daily", "day"), ("camera_latest", '"timestamp"')):
        connection.execute(f"DELETE FROM camgrid.{table} WHERE camera_id = %s AND {column} < '1985-01-01'", (FIRST,))
    # Or its sums would not be made again, were this run again.
    connection.execute("DELETE FROM camgrid.partition_log WHERE start_date = %s", (month,))


def test_a_zone_that_does_not_exist_is_refused(connection):
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        connection.execute("INSERT INTO camgrid.cameras (id, name, timezone) VALUES (960009, 'x', 'Mars/Base')")


def test_readers_may_read_them_and_nobody_may_write(cluster):
    for role in ("reader", "reporter"):
        for name in QUERIES:
            cluster.rows(f"SELECT FROM camgrid.{name} LIMIT 1", role=role)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                cluster.rows(f"DELETE FROM camgrid.{name}", role=role)
