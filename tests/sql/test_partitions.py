"""Partitions: made once, by whoever may, without an insert waiting for it."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest

from tests.cluster.support import MEASURED

TABLES = ("counting_results", "camera_events")


def months(cluster, table):
    return [row[0] for row in cluster.rows("SELECT start_date::text FROM camgrid.list_partitions(%s)", table)]


def test_a_month_is_made_once_and_logged(cluster):
    for _ in range(2):
        cluster.rows("SELECT create_monthly_partition('counting_results', '1990-05-17')", role="writer")
    assert months(cluster, "counting_results").count("1990-05-01") == 1
    log = "SELECT partition_name, start_date::text, end_date::text FROM partition_log WHERE start_date = '1990-05-01'"
    assert cluster.rows(log, role="monitor") == [("counting_results_y1990m05", "1990-05-01", "1990-06-01")]


def test_months_begin_at_midnight_utc(cluster):
    query = "SELECT start_date, end_date FROM camgrid.list_partitions('counting_results')"
    for start, end in cluster.rows(query):
        assert (start.day, end.day) == (1, 1)
    with cluster.connect("writer") as conn:
        conn.execute("SET timezone = 'Asia/Ho_Chi_Minh'")
        conn.execute("SELECT create_monthly_partition('counting_results', '1990-07-01')")
        bound = "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'counting_results_y1990m07'"
        conn.execute("SET timezone = 'UTC'")
        assert "1990-07-01 00:00:00+00" in conn.execute(bound).fetchone()[0]


@pytest.mark.parametrize(
    ("table", "month", "says"),
    [
        ("cameras", "2024-01-01", "not partitioned"),
        (None, "2024-01-01", "not partitioned"),
        ("counting_results", None, "no month"),
        ("counting_results", "1066-10-14", "no month"),
        ("x'; DROP TABLE cameras; --", "2024-01-01", "not partitioned"),
    ],
)
def test_nonsense_is_refused(cluster, table, month, says):
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=says):
        cluster.rows("SELECT create_monthly_partition(%s, %s::date)", table, month, role="writer")


def test_readers_make_no_partitions(cluster):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        cluster.rows("SELECT create_monthly_partition('counting_results', '1990-06-01')", role="reader")


def test_months_ahead_are_there_and_the_job_makes_them(cluster):
    for table in TABLES:
        wanted = (
            "SELECT (date_trunc('month', now()) + make_interval(months => n))::date::text FROM generate_series(-1, 3) n"
        )
        assert {month for (month,) in cluster.rows(wanted)} <= set(months(cluster, table))
    assert cluster.value("SELECT camgrid.ensure_partitions()") == 0
    jobs = dict(cluster.rows("SELECT job_name, active FROM job_health()", role="monitor"))
    assert jobs["camgrid-ensure-partitions"]
    with cluster.connect("admin") as conn:
        conn.execute("SELECT cron.schedule('camgrid-test', '1 second', 'SELECT camgrid.ensure_partitions(4)')")
        try:
            deadline = time.monotonic() + 30
            query = "SELECT last_status FROM camgrid.job_health() WHERE job_name = 'camgrid-test'"
            while conn.execute(query).fetchone()[0] is None and time.monotonic() < deadline:
                time.sleep(0.5)
            assert conn.execute(query).fetchone()[0] == "succeeded"
        finally:
            conn.execute("SELECT cron.unschedule('camgrid-test')")
    assert len(months(cluster, "camera_events")) >= 6


def test_no_insert_waits_for_a_new_partition(cluster):
    """An open insert does not keep the partition from being made, and inserts go on while it is made."""
    waits, stop = [], threading.Event()
    wanted = [f"1992-{month:02d}-01" for month in range(1, 7)]

    def ingest():
        with cluster.connect("writer") as conn:
            insert = "INSERT INTO counting_results (camera_id, zone_id, timestamp) VALUES (%s, 7, clock_timestamp())"
            number = 0
            while not stop.is_set():
                started = time.monotonic()
                conn.execute(insert, (910_000 + number % 50,))
                waits.append(time.monotonic() - started)
                number += 1

    thread = threading.Thread(target=ingest)
    with cluster.connect("writer", autocommit=False) as held:
        held.execute("INSERT INTO counting_results (camera_id, zone_id, timestamp) VALUES (910100, 7, now())")
        thread.start()
        time.sleep(1)
        started = time.monotonic()
        with cluster.connect("writer") as conn:
            for month in wanted:
                conn.execute("CALL make_partition('counting_results', %s)", (month,))
        took = time.monotonic() - started
        stop.set()
        thread.join()
        held.rollback()
    made = [month for month in months(cluster, "counting_results") if month in wanted]
    with cluster.connect("admin") as conn:
        for month in made:
            conn.execute("CALL drop_partition('counting_results', %s)", (month,))
    assert made == wanted
    MEASURED.append(
        f"6 partitions in {took:.1f} s, {len(waits)} inserts meanwhile, the longest took {max(waits) * 1000:.0f} ms"
    )
    assert took < 30
    # 100 ms is what is promised; a machine that is shared with other labs has pauses of its own.
    assert sorted(waits)[len(waits) * 99 // 100] < 0.1
    assert max(waits) < 0.6
