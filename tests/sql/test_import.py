"""`camgrid import` and `camgrid report counts` against a real database, with Citus or without.

The database is the lab's of CAMGRID_TEST_LAB, that of CAMGRID_INVENTORY, or of libpq's variables (PGHOST …). Every
run makes cameras of its own, so that it can be repeated on one database; it leaves its rows there, long ago.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from datetime import datetime, timedelta

import pytest

from camgrid.cli.app import App
from camgrid.lab.config import Lab
from camgrid.lab.inventory import inventory_of

pytestmark = pytest.mark.skipif(
    not os.environ.keys() & {"CAMGRID_TEST_LAB", "CAMGRID_INVENTORY", "PGHOST"},
    reason="no database: set CAMGRID_TEST_LAB, CAMGRID_INVENTORY or PGHOST",
)
HEADER = "timestamp,camera_id,count_in,count_out,confidence,frame_data\n"
CAMERAS, HOURS = 25, 40 * 24


@pytest.fixture
def camera():
    """The first of a thousand camera numbers that nobody else uses."""
    return random.SystemRandom().randrange(10_000, 2_000_000) * 1000


@pytest.fixture(autouse=True)
def inventory(monkeypatch):
    """The lab's inventory, if there is one, for the command and for the tests' own connection."""
    if lab := os.environ.get("CAMGRID_TEST_LAB"):
        monkeypatch.setenv("CAMGRID_INVENTORY", str(inventory_of(Lab.open(lab))))
    return os.environ.get("CAMGRID_INVENTORY")


@pytest.fixture
def sql(inventory):
    with App(inventory).connect("writer", autocommit=True) as connection:
        yield lambda query, *values: connection.execute(query, values).fetchone()


@pytest.fixture
def camgrid(tmp_path):
    """Runs the command in a directory of its own; returns the JSON that it prints."""

    def run(*arguments, code=0):
        command = [sys.executable, "-m", "camgrid", *map(str, arguments), "--json"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    return run


def totals(summary):
    return tuple(summary[f"rows_{name}"] for name in ("read", "stored", "present", "rejected"))


def hourly_file(path, camera):
    """Forty days of hours in Melbourne, over the end of daylight saving, 1 row in 500 without a count."""
    start = datetime(1999, 3, 1)
    with path.open("w") as file:
        file.write("timestamp,camera_id,total_count\n")
        for hour in range(HOURS):
            local = start + timedelta(hours=hour)
            for number in range(CAMERAS):
                count = "" if (hour * CAMERAS + number) % 500 == 0 else hour
                file.write(f"{local:%Y-%m-%dT%H:%M},{camera + number},{count}\n")
    return ["import", path, "--timezone", "Australia/Melbourne", "--make-partitions"]


def test_clean_dirty_present_and_contradicting_rows_add_up(tmp_path, camgrid, sql, camera):
    path = tmp_path / "x.csv"
    path.write_text(
        HEADER
        + f'1999-01-05T00:00Z,{camera},1,2,0.5,"{{""a"": 1}}"\n'
        + f'1999-01-05T11:00+11:00,{camera},1,2,0.50004,"{{""a"":1}}"\n'
        + f"1999-01-05T00:00Z,{camera},1,3,0.5,\n"
        + f'1999-01-05T01:00Z,{camera},1,2,,"{{""a"":""\\u0000""}}"\n'
        + f"1999-01-05T01:00Z,{camera},1,2,,\n"
        + f"1999-01-05T02:00Z,{camera},,2,,\n"
    )
    first = camgrid("import", path, "--make-partitions")
    assert totals(first) == (6, 2, 1, 3)
    assert (first["cameras_registered"], first["rejects_file"]) == (1, "x.csv.rejects.csv")
    rejects = (tmp_path / "x.csv.rejects.csv").read_text()
    assert (
        "a different result is already stored: count_out 2, this row says 3, total_count 3, this row says 4" in rejects
    )
    assert "PostgreSQL refuses it" in rejects
    assert totals(camgrid("import", path, "--strict", code=1)) == (6, 0, 3, 3)
    assert sql("SELECT count(*), sum(total_count) FROM camgrid.counting_results WHERE camera_id = %s", camera) == (2, 6)


def test_a_month_that_is_missing_is_made_only_when_asked_for(tmp_path, camgrid, camera):
    path = tmp_path / "x.csv"
    month = 1900 + 71 + camera // 1000 % 25, camera // 1000 % 12 + 1
    path.write_text(f"timestamp,camera_id,total_count\n{month[0]}-{month[1]:02}-03T00:00Z,{camera},7\n")
    dry = camgrid("import", path, "--make-partitions", "--dry-run")
    if dry["partitions_made"] == 0:
        pytest.skip("an earlier run made this month")
    assert list(camgrid("import", path)["reasons"]) == [f"no partition for {month[0]}-{month[1]:02}"]
    assert totals(camgrid("import", path, "--make-partitions")) == (1, 1, 0, 0)


def test_a_killed_import_goes_on_and_reports_agree(tmp_path, camgrid, sql, camera):
    command = hourly_file(tmp_path / "x.csv", camera)
    query = "SELECT count(*) FROM camgrid.counting_results WHERE camera_id BETWEEN %s AND %s"
    cameras = camera, camera + CAMERAS
    killed = subprocess.Popen([sys.executable, "-m", "camgrid", *map(str, command), "--chunk", "500"], cwd=tmp_path)
    deadline = time.monotonic() + 60
    while sql(query, *cameras) == (0,) and time.monotonic() < deadline:
        time.sleep(0.02)
    killed.kill()
    assert killed.wait() != 0, "the import was over before it could be killed"

    summary = camgrid(*command)
    rejected = CAMERAS * HOURS // 500
    assert totals(summary) == (CAMERAS * HOURS, CAMERAS * HOURS - rejected, 0, rejected)
    assert summary["resumed_at_line"] > 0
    assert summary["reasons"] == {"total_count is empty": rejected}
    assert sql(query, *cameras) == (summary["rows_stored"],)
    assert totals(camgrid(*command)) == (CAMERAS * HOURS, 0, CAMERAS * HOURS - rejected, rejected)

    deadline = time.monotonic() + 90
    while sql("SELECT pending > 0 FROM camgrid.rollup_health()") == (True,) and time.monotonic() < deadline:
        time.sleep(0.5)
    zone = ["--timezone", "Australia/Melbourne", "--from", "1999-03-28", "--to", "1999-03-29"]
    chosen = [option for number in range(CAMERAS) for option in ("--camera", camera + number)]
    (day,) = camgrid("report", "counts", "--by", "day", *zone, *chosen)["rows"]
    assert day["period"] == "1999-03-28T00:00:00+11:00"
    expected = sql(
        "SELECT count(*), sum(total_count)::bigint FROM camgrid.counting_results"
        " WHERE camera_id BETWEEN %s AND %s"
        """ AND "timestamp" >= '1999-03-28 00:00+11' AND "timestamp" < '1999-03-29 00:00+10'""",
        *cameras,
    )
    assert (day["results"], day["total_count"]) == expected
    hours = camgrid("report", "counts", "--by", "hour", "--per", "camera", *zone, *chosen)["rows"]
    assert sum(row["total_count"] for row in hours) == day["total_count"]
