"""Every report over a day whose answers are worked out by hand: two doors in Melbourne, one of them silent."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from camgrid.cli import camgrid

ZONE = ZoneInfo("Australia/Melbourne")
DOOR, BACK = 932_001, 932_002
# Yesterday there: a day whose month is there, and which is over.
DAY = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
# Hour → (in, out) of each quarter of it. Nobody is counted from 11 to 13.
HOURS = {8: (4, 0), 9: (6, 2), 10: (1, 3), 13: (2, 2), 14: (0, 6)}


@pytest.fixture(scope="module")
def report(cluster):
    """Asks for a report of these cameras on their clock, as JSON."""
    zone = ["--timezone", str(ZONE)]
    chosen = ["--site", "hand-made", "--from", f"{DAY:%Y-%m-%d}", "--to", f"{DAY + timedelta(days=1):%Y-%m-%d}"]

    def report(name, *arguments, narrowed=True):
        wanted = [*(zone + chosen if narrowed else []), *arguments]
        # In this process: Python takes a second to start, and there are many calls.
        said = CliRunner().invoke(camgrid, ["-i", str(cluster.path), "report", name, *wanted, "--json"])
        assert said.exit_code == 0, said.stderr
        return json.loads(said.stdout)

    rows = [
        (DOOR, (DAY + timedelta(hours=hour, minutes=quarter)).astimezone(UTC), *counts, sum(counts))
        for hour, counts in HOURS.items()
        for quarter in (0, 15, 30, 45)
    ]
    with cluster.connect("admin") as conn, conn.cursor() as cursor:
        remove(conn)
        cursor.executemany(
            "INSERT INTO cameras (id, name, site, timezone, active) VALUES (%s, %s, 'hand-made', %s, %s)",
            [(DOOR, "door", str(ZONE), True), (BACK, "back", str(ZONE), True)],
        )
        cursor.executemany(
            'INSERT INTO counting_results (camera_id, "timestamp", count_in, count_out, total_count)'
            " VALUES (%s, %s, %s, %s, %s)",
            rows,
        )
        cursor.executemany(
            'INSERT INTO camera_events (camera_id, "timestamp", event_type, severity) VALUES (%s, %s, %s, %s)',
            [(DOOR, rows[0][1], "crowd", severity) for severity in ("low", "high", "high")],
        )
        conn.execute("CALL refresh_rollups()")
        yield report
        remove(conn)


def remove(conn):
    for table in ("counting_results", "camera_events"):
        query = f'DELETE FROM {table} WHERE camera_id IN (%s, %s) AND "timestamp" > %s'
        conn.execute(query, (DOOR, BACK, DAY - timedelta(days=2)))
    conn.execute("DELETE FROM cameras WHERE id IN (%s, %s)", (DOOR, BACK))
    conn.execute("CALL refresh_rollups()")


@pytest.mark.parametrize("source", ["raw", "auto"])
def test_counts_are_the_sums(report, source):
    found = report("counts", "--by", "hour", "--source", source)
    hours = {datetime.fromisoformat(row["period"]).hour: (row["count_in"], row["count_out"]) for row in found["rows"]}
    assert hours == {hour: (4 * came, 4 * left) for hour, (came, left) in HOURS.items()}


def test_occupancy_is_what_came_and_has_not_left(report):
    inside = {datetime.fromisoformat(row["period"]).hour: row["occupancy"] for row in report("occupancy")["rows"]}
    assert inside == {8: 16, 9: 32, 10: 24, 13: 24, 14: 0}
    later = report("occupancy", "--reset-hour", "10")["rows"]
    assert [row["occupancy"] for row in later if datetime.fromisoformat(row["period"]).hour >= 10] == [-8, -8, -32]


def test_the_busiest_hour_and_camera_come_first(report):
    (first, *_) = report("peaks", "--top", "1")["rows"]
    assert (first["weekday"], first["hour"]) == (f"{DAY:%A}", 9)
    (door, *rest) = report("top")["rows"]
    assert (door["camera_id"], door["total_count"]) == (DOOR, 4 * sum(map(sum, HOURS.values())))
    assert rest == []


@pytest.mark.parametrize("source", ["raw", "auto"])
def test_gaps_are_hours_without_results(report, source):
    found = [
        (row["camera_id"], datetime.fromisoformat(row["gap_from"]).hour, row["length"])
        for row in report("gaps", "--source", source)["rows"]
    ]
    hour = 3600
    assert found == [(DOOR, 0, 8 * hour), (DOOR, 11, 2 * hour), (DOOR, 15, 9 * hour), (BACK, 0, 24 * hour)]


def test_cameras_that_sent_nothing_lately_are_silent(report):
    found = report("silent", "--site", "hand-made", narrowed=False)["rows"]
    assert {row["camera_id"] for row in found} == {DOOR, BACK}


def test_events_are_counted_by_type_and_severity(report):
    found = {(row["event_type"], row["severity"]): row["events"] for row in report("events")["rows"]}
    assert found == {("crowd", "low"): 1, ("crowd", "high"): 2}


def test_growth_tells_of_every_month(report):
    rows = report("growth", narrowed=False)["rows"]
    assert f"{DAY.astimezone(UTC):%Y-%m}" in json.dumps(rows)


def test_parquet_holds_what_json_says(report, cluster, tmp_path):
    from pyarrow import parquet

    file = tmp_path / "counts.parquet"
    day = [f"{DAY:%Y-%m-%d}", "--to", f"{DAY + timedelta(days=1):%Y-%m-%d}", "--timezone", str(ZONE)]
    done = cluster.camgrid(
        "report", "counts", "--by", "hour", "--site", "hand-made", "--from", *day, "--output", str(file)
    )
    assert done.returncode == 0, done.stderr
    wanted = [
        (datetime.fromisoformat(row["period"]), row["count_in"]) for row in report("counts", "--by", "hour")["rows"]
    ]
    assert [(row["period"], row["count_in"]) for row in parquet.read_table(file).to_pylist()] == wanted
