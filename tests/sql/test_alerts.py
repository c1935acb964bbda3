"""Alerts: raised once, kept while their cause stands, resolved when it is gone; acknowledged and resolved by people."""

from __future__ import annotations

import getpass
import json

import psycopg
import pytest

HOSTILE = "camera '); DROP TABLE camgrid.alerts; --[red]<script>alert(1)</script>"
KIND = "test_cause"


@pytest.fixture
def admin(cluster):
    """The superuser's connection, with a kind of alert of the test's own that the job knows nothing of."""
    with cluster.connect("admin") as conn:
        forget(conn)
        conn.execute(
            "INSERT INTO scaling_thresholds (trigger_type, threshold, unit, clear_at, raise_after, title, reason)"
            " VALUES (%s, 10, 'x', 0.8, '0', 'A test', 'none')",
            (KIND,),
        )
        yield conn
        forget(conn)


def forget(conn):
    conn.execute("DELETE FROM alerts WHERE trigger_type = %s", (KIND,))
    conn.execute("DELETE FROM scaling_log WHERE trigger_type = %s", (KIND,))
    conn.execute("DELETE FROM scaling_thresholds WHERE trigger_type = %s", (KIND,))


def weigh(conn, *causes, complete=True):
    """Weighs values of subjects; None is one that is not known."""
    rows = [
        {"trigger_type": KIND, "subject": subject, "current_value": value, "detail": HOSTILE, "action": "look"}
        | {"next_step": "camgrid status", "complete": complete}
        for subject, value in (*causes, (None, None))
    ]
    conn.execute("SELECT weigh_causes(%s)", (json.dumps(rows),))


def alerts(conn):
    query = "SELECT subject, status, current_value FROM alerts WHERE trigger_type = %s ORDER BY id"
    return conn.execute(query, (KIND,)).fetchall()


def logged(conn):
    rows = conn.execute("SELECT action, current_value FROM scaling_log WHERE trigger_type = %s ORDER BY id", (KIND,))
    return rows.fetchall()


def test_an_alert_that_stands_is_not_repeated(admin):
    for value in (11, 12, 13):
        weigh(admin, ("a", value))
    assert alerts(admin) == [("a", "open", 13)]
    assert logged(admin) == [("look", 11)]


def test_a_cause_is_pending_until_it_has_stood_long_enough(admin):
    admin.execute("SELECT set_scaling_threshold(%s, raise_after => '1 hour')", (KIND,))
    weigh(admin, ("a", 11))
    assert alerts(admin) == [("a", "pending", 11)]
    assert logged(admin) == []
    admin.execute("UPDATE alerts SET created_at = now() - interval '61 minutes' WHERE trigger_type = %s", (KIND,))
    weigh(admin, ("a", 12))
    assert alerts(admin) == [("a", "open", 12)]
    weigh(admin, ("b", 11))
    weigh(admin)
    assert [row for row in alerts(admin) if row[0] == "b"] == [], "what never was an alert leaves no trace"


def test_it_resolves_itself_well_below_its_threshold_and_can_come_again(admin):
    weigh(admin, ("a", 11))
    weigh(admin, ("a", 9))
    assert alerts(admin) == [("a", "open", 9)], "within a fifth of the threshold it would flap"
    weigh(admin, ("a", 8))
    assert alerts(admin) == [("a", "resolved", 8)]
    assert logged(admin) == [("look", 11), ("none", 8)]
    weigh(admin, ("a", 11))
    assert alerts(admin) == [("a", "resolved", 8), ("a", "open", 11)]


def test_what_is_not_known_resolves_nothing(admin):
    weigh(admin, ("a", 11), ("b", 11))
    weigh(admin, ("a", None), complete=False)
    assert {status for _, status, _ in alerts(admin)} == {"open"}
    admin.execute("SELECT weigh_causes('[]')")
    assert {status for _, status, _ in alerts(admin)} == {"open"}
    weigh(admin, ("a", None))
    assert alerts(admin) == [("a", "open", 11), ("b", "resolved", 11)], "b is not listed any more, a is not known"


def test_switched_off_it_is_resolved_and_not_raised(admin):
    weigh(admin, ("a", 11))
    admin.execute("SELECT set_scaling_threshold(%s, enabled => FALSE)", (KIND,))
    weigh(admin, ("a", 11))
    weigh(admin, ("a", 12))
    assert [status for _, status, _ in alerts(admin)] == ["resolved"]


def test_an_acknowledged_alert_stays_so_and_check_tells_of_it_no_more(cluster, admin):
    weigh(admin, ("a", 11))
    ((number,),) = admin.execute("SELECT id FROM alerts WHERE trigger_type = %s", (KIND,)).fetchall()
    assert f"(alert {number})" in cluster.camgrid("check").stdout
    done = cluster.camgrid("alerts", "acknowledge", str(number), "--note", "on it")
    assert done.returncode == 0, done.stderr
    weigh(admin, ("a", 12))
    (told,) = [alert for alert in cluster.json("alerts", "list")["alerts"] if alert["id"] == number]
    assert (told["status"], told["note"], told["current_value"]) == ("acknowledged", "on it", "12")
    assert told["acknowledged_by"].startswith(f"{getpass.getuser()}@")
    assert f"(alert {number})" not in cluster.camgrid("check").stdout
    assert f"alert {number}" in cluster.camgrid("status").stdout
    assert cluster.camgrid("alerts", "resolve", str(number)).returncode == 0
    (told,) = [alert for alert in cluster.json("alerts", "list", "--all")["alerts"] if alert["id"] == number]
    assert told["resolved_by"].startswith(f"{getpass.getuser()}@")
    again = cluster.camgrid("alerts", "acknowledge", str(number))
    assert (again.returncode, f"no alert {number} stands" in again.stderr) == (2, True)


def test_hostile_text_is_text(cluster, admin):
    weigh(admin, ("a", 11))
    assert HOSTILE in cluster.camgrid("alerts", "list").stdout
    assert HOSTILE in cluster.camgrid("check").stdout
    assert HOSTILE in cluster.camgrid("status").stdout
    assert alerts(admin) == [("a", "open", 11)]


def test_monitors_read_and_nobody_else_changes_or_reads(cluster, admin):
    weigh(admin, ("a", 11))
    ((number,),) = cluster.rows("SELECT id FROM alerts WHERE trigger_type = %s", KIND, role="monitor")
    for statement in (
        f"SELECT acknowledge_alert({number})",
        f"SELECT resolve_alert({number})",
        f"SELECT set_scaling_threshold('{KIND}', 1)",
        "SELECT check_scaling_triggers()",
        "DELETE FROM alerts",
    ):
        for role in ("monitor", "reader", "writer", "reporter"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                cluster.rows(statement, role=role)
    for table in ("alerts", "scaling_log", "scaling_thresholds", "scaling_history"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            cluster.rows(f"SELECT * FROM {table}", role="reader")
