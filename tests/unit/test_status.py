"""What `camgrid status` shows of a fabricated cluster, once and again and again."""

import io
import json
import sys
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from camgrid import cli, health
from camgrid.topology import build
from tests.unit.inventories import serving, single
from tests.unit.test_health import database, members

HOSTILE = "'); DROP TABLE x; --[red]loud[/red]"
POOL = {"reason": None, "clients": 9, "active_connections": 3, "total_connections": 5, "idle_connections": 2} | {
    "waiting_connections": 0,
    "longest_wait_seconds": 0,
}
ALERT = {"id": 7, "status": "open", "title": HOSTILE, "message": HOSTILE, "subject": "camera 1", "next_step": "do this"}


def told(topology, **changed):
    """What a database tells, with all that is only shown."""
    metric = {"metric_name": "read_operations_per_second", "current_value": 1234.5, "target_value": 10000}
    job = {"job_name": "camgrid-x", "schedule": "* * * * *", "active": True, "last_status": "succeeded"}
    table = {"table_name": "counting_results", "bytes": 3 * 1024**2, "shards": 2, "partitions": 5}
    shown = {
        "postgresql": "17.6",
        "citus": "14.0-1",
        "cameras": 1200,
        "tables": [table | {"host": "one"}, table | {"host": "two", "bytes": 1024**2}],
        "moving": None,
        "pools": [
            {"host": "w1a", "pool_name": "g1m1.camgrid.internal/camgrid_reader"} | POOL,
            {"host": "w1a"} | POOL | {"waiting_connections": 4, "longest_wait_seconds": 2},
            {"host": "w2a", "reason": "refused"},
        ],
        "load": [metric | {"status": "within_limits"}, metric | {"status": "unknown", "current_value": None}],
        "jobs": [job | {"last_end": datetime.now(UTC) - timedelta(seconds=5), "last_message": None}],
    }
    return database(topology, **(shown | changed))


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs the command with what a look returns; snapshots are one for each look, and the last interrupts."""
    topology = build(serving(single(tmp_path)))
    monkeypatch.setattr("camgrid.cli.app.load", lambda path: serving(single(tmp_path)))

    def run(*arguments, findings=(), **changed):
        snapshot = health.Snapshot("test", "horizontal", members(topology), told(topology, **changed))
        snapshot.findings = [*findings, *health.alerts.findings(snapshot.database["alerts"])]
        looks = [snapshot, snapshot, KeyboardInterrupt()]

        def look(app):
            if isinstance(looks[0], BaseException):
                raise looks[0]
            return looks.pop(0)

        monkeypatch.setattr(health, "look", look)
        monkeypatch.setattr("time.sleep", lambda seconds: None)
        monkeypatch.setattr(sys, "argv", ["camgrid", "-i", "somewhere", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, capsys.readouterr().out

    return run


def test_pools_are_summed_beside_their_member(run):
    lines = {line.split()[1]: line.split() for line in run("status")[1].splitlines() if "10.0.0." in line}
    assert lines["w1a"][-7:] == ["18", "6", "of", "10", "4,", "2", "s"]
    assert "silent" in lines["w2a"]


def test_load_tables_jobs_and_rollups_are_shown(run):
    code, text = run("status")
    assert code == 0
    assert "reads/s 1,234.5 of 10,000, reads/s ? of 10,000" in text
    assert "1,200 cameras, the fullest group holds 1.50 times the mean, rebalance none under way" in text
    assert "x    * * * * *  succeeded  5 s ago" in text
    assert "rollups fresh, 0 changes to come, as of" in text
    assert text.endswith("healthy\n")


def test_alerts_are_shown_as_the_text_that_they_are(run):
    code, text = run("status", alerts=[ALERT])
    assert code == 3
    assert f"wrong camera 1: {HOSTILE}: {HOSTILE} (alert 7)" in text
    code, text = run("status", alerts=[ALERT | {"status": "acknowledged", "acknowledged_by": "ann@desk"}])
    assert code == 0
    assert f"known camera 1: {HOSTILE} (alert 7); ann@desk is at it" in text


def test_watching_in_a_pipe_is_a_line_a_finding_with_its_time(run):
    code, text = run("status", "--watch", "1", findings=[health.Finding("no primary", "group 1", "wait")])
    lines = text.splitlines()
    assert (code, len(lines)) == (130, 2)
    moment, line = lines[0].split(" ", 1)
    assert datetime.fromisoformat(moment).tzinfo
    assert line == "group 1: no primary; next: wait"
    assert [line.split(" ", 1)[1] for line in run("status", "--watch")[1].splitlines()] == ["healthy", "healthy"]


def test_watching_as_json_is_a_document_a_line(run):
    _, text = run("status", "--watch", "1", "--json")
    documents = [json.loads(line) for line in text.splitlines()]
    assert [document["healthy"] for document in documents] == [True, True]
    assert documents[0]["at"]


def test_watching_on_a_terminal_draws_what_is_wrong_first(run, monkeypatch):
    screen = Console(file=io.StringIO(), force_terminal=True, width=160, height=60)
    monkeypatch.setattr("camgrid.cli.status.out", screen)
    monkeypatch.setattr("camgrid.cli.status.is_terminal", lambda: True)
    run("status", "--watch", "2", findings=[health.Finding("no primary", "group 1", "wait")])
    drawn = screen.file.getvalue()
    assert "again each 2 s; Ctrl-C ends" in drawn
    assert drawn.index("no primary") < drawn.index("10.0.0.21")
