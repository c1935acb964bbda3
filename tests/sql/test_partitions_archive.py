"""Months become columnar with every row, take late ones, and are finished by the next run wherever one was stopped."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import psycopg
import pytest

from camgrid import endpoints
from tests.cluster.support import MEASURED
from tests.cluster.waiting import roll_up

pytestmark = pytest.mark.needs_workers
CAMERAS = range(950_001, 950_101)
MONTH, PLAIN, COLD = "1981-03-01", "counting_results_y1981m03", "counting_results_y1981m03_cold"
# Of every row of the month: how many, and a sum over all that they say.
SUMS = """
    SELECT count(*), sum(hashtextextended(r::text, 0)::numeric) FROM counting_results AS r
    WHERE "timestamp" >= '1981-03-01Z' AND "timestamp" < '1981-04-01Z'
"""
# Exchanges the tables on some of the shards.
HALF = """
    SELECT camgrid.exchange_partition(%1$s, %2$s, %3$s, '1981-03-01', '1981-04-01') WHERE hashtext(%1$s) %% 2 = 0
"""
INSERT = 'INSERT INTO counting_results (camera_id, zone_id, "timestamp", total_count) VALUES (%s, 1, %s, 7)'


@pytest.fixture
def month(cluster):
    """A month with rows on every shard; what is left of it goes afterwards."""
    with cluster.connect("admin") as conn:
        conn.execute("CALL make_partition('counting_results', %s)", (MONTH,))
        conn.execute(
            """
            INSERT INTO counting_results (camera_id, zone_id, "timestamp", total_count, confidence, frame_data)
            SELECT c, 1, hour, c %% 17, 0.5, '{"a": 1}' FROM generate_series(%s, %s) AS c,
                generate_series('1981-03-01Z'::timestamptz, '1981-03-08Z', '1 hour') AS hour
            """,
            (CAMERAS[0], CAMERAS[-1]),
        )
        yield conn
        conn.execute("CALL archive_partition('counting_results', %s)", (MONTH,))
        roll_up(conn)
        assert conn.execute("CALL drop_partition('counting_results', %s)", (MONTH,)).fetchone() == ("dropped",)
        assert conn.execute("SELECT to_regclass(%s), to_regclass(%s)", (PLAIN, COLD)).fetchone() == (None, None)


def archive(conn):
    return conn.execute("CALL archive_partition('counting_results', %s)", (MONTH,)).fetchone()[0]


def details(conn):
    query = "SELECT partition_name, storage FROM partition_details() WHERE start_date = %s"
    return conn.execute(query, (MONTH,)).fetchall()


def test_an_archived_month_has_every_row_and_says_what_it_saved(cluster, month):
    before = month.execute(SUMS).fetchone()
    assert archive(month) == "archived"
    assert month.execute(SUMS).fetchone() == before
    assert details(month) == [(COLD, "columnar")]
    query = "SELECT row_count, bytes_before, bytes_after FROM partition_log WHERE action = 'archived' ORDER BY id DESC"
    rows, larger, smaller = month.execute(query).fetchone()
    assert rows == before[0]
    assert smaller < larger
    assert archive(month) == "nothing to do"
    MEASURED.append(f"a month of {rows} rows on 32 shards: {larger} bytes, archived {smaller}")


@pytest.mark.parametrize("stopped_after", ["copy", "hold off", "coordinator", "half of the shards"])
def test_a_run_that_was_stopped_is_finished_by_the_next(month, stopped_after):
    before = month.execute(SUMS).fetchone()
    month.execute("SELECT begin_archive('counting_results', %s)", (MONTH,))
    month.execute("SELECT copy_to_archive(%s, %s)", (PLAIN, COLD))
    exchange = "SELECT exchange_month('counting_results', %s, %s, %s, 'infinity', false)"
    if stopped_after != "copy":
        month.execute("SELECT hold_off_month(%s, now() + interval '1 minute')", (PLAIN,))
    if stopped_after in ("coordinator", "half of the shards"):
        month.execute(exchange, (MONTH, PLAIN, COLD))
    if stopped_after == "half of the shards":
        month.execute("SELECT run_on_shards(%s, %s, false)", (HALF, ["counting_results", PLAIN, COLD]))
    assert archive(month) == "archived"
    assert month.execute(SUMS).fetchone() == before
    assert details(month) == [(COLD, "columnar")]


def test_a_row_that_is_changed_during_the_copy_makes_it_start_over(month):
    month.execute("SELECT begin_archive('counting_results', %s)", (MONTH,))
    month.execute("SELECT copy_to_archive(%s, %s)", (PLAIN, COLD))
    month.execute(
        "UPDATE counting_results SET total_count = 99 WHERE camera_id = 950007 AND \"timestamp\" < '1981-03-02Z'"
    )
    month.execute(INSERT, (950_008, "1981-03-20T00:00Z"))
    after = month.execute(SUMS).fetchone()
    assert archive(month) == "archived"
    assert month.execute(SUMS).fetchone() == after


def test_rollups_go_on_beside_an_archived_month(month):
    archive(month)
    camera, latest = CAMERAS[0], 'SELECT "timestamp" FROM camera_latest WHERE camera_id = %s AND zone_id = 1'
    month.execute('INSERT INTO counting_results (camera_id, zone_id, "timestamp") VALUES (%s, 1, now())', (camera,))
    month.execute("CALL refresh_rollups()")
    newest = month.execute(latest, (camera,)).fetchone()
    since = "\"timestamp\" > now() - interval '1 day'"
    month.execute(f"DELETE FROM counting_results WHERE camera_id = %s AND {since}", (camera,))
    month.execute("CALL refresh_rollups()")
    assert newest > month.execute(latest, (camera,)).fetchone() == (datetime(1981, 3, 8, tzinfo=UTC),)


def test_writes_are_held_off_by_name_and_for_a_time_only(cluster, month):
    month.execute("SELECT hold_off_month(%s, now() + interval '3 seconds')", (PLAIN,))
    with cluster.connect("writer") as conn:
        with pytest.raises(psycopg.errors.CheckViolation, match='constraint "archiving'):
            conn.execute(INSERT, (950_001, "1981-03-21T00:00Z"))
        conn.execute("SELECT pg_sleep(3)")
        conn.execute(INSERT, (950_001, "1981-03-21T00:00Z"))


def test_late_rows_of_an_archived_month_go_in_once(cluster, month, tmp_path):
    assert archive(month) == "archived"
    path = tmp_path / "late.csv"
    path.write_text(
        "timestamp,camera_id,zone_id,total_count,confidence,frame_data\n"
        f'1981-03-01T00:00Z,950001,1,{950_001 % 17},0.5,"{{""a"": 1}}"\n'  # is there
        '1981-03-01T00:00Z,950002,1,999,0.5,"{""a"": 1}"\n'  # contradicts
        "1981-03-21T00:00Z,950003,1,5,,\n"
        "1981-03-21T00:00Z,950003,1,5,,\n"
    )
    done = cluster.camgrid("import", str(path), "--rejects", str(tmp_path / "rejects.csv"), "--json")
    summary = json.loads(done.stdout)
    assert [summary[f"rows_{name}"] for name in ("stored", "present", "rejected")] == [1, 2, 1]
    wanted = endpoints.parameters(cluster.inventory, cluster.topology, "writer", "ingest")
    with psycopg.connect(**wanted, autocommit=True) as conn:
        conn.execute(INSERT, (950_004, "1981-03-21T00:00Z"))
        with pytest.raises(psycopg.errors.UniqueViolation):
            conn.execute(INSERT, (950_004, "1981-03-21T00:00Z"))
        with pytest.raises(psycopg.errors.InternalError, match="speculative"):
            conn.execute(f"{INSERT} ON CONFLICT DO NOTHING", (950_004, "1981-03-22T00:00Z"))
        count = "SELECT count(*) FROM counting_results WHERE camera_id = 950004 AND \"timestamp\" < '1981-04-01Z'"
        assert conn.execute(count).fetchone() == (170,)
