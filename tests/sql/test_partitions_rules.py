"""Rules and drops: set on purpose by name, kept with who and when, finished when they were stopped."""

from __future__ import annotations

import json

import psycopg
import pytest

TABLE, MONTH, NAME = "camera_events", "1983-07-01", "camera_events_y1983m07"


@pytest.fixture
def month(cluster):
    """A month with a hundred events."""
    with cluster.connect("admin") as conn:
        conn.execute("CALL make_partition(%s, %s)", (TABLE, MONTH))
        conn.execute("""
            INSERT INTO camera_events (camera_id, event_type, "timestamp")
            SELECT c, 'motion', '1983-07-07Z' FROM generate_series(960001, 960100) AS c
        """)
        yield conn
        conn.execute("CALL drop_partition(%s, %s)", (TABLE, MONTH))


@pytest.fixture
def rules(cluster):
    """The rules as they are; they are so again afterwards, and what was added is gone."""
    with cluster.connect("admin") as conn:
        last = conn.execute("SELECT max(id) FROM partition_rules").fetchone()
        yield conn
        conn.execute("DELETE FROM partition_rules WHERE id > %s", last)


def actions(conn):
    query = "SELECT action, row_count FROM partition_log WHERE partition_name = %s ORDER BY id DESC LIMIT 2"
    return conn.execute(query, (NAME,)).fetchall()


def test_a_month_is_dropped_by_the_clusters_name_only_and_logged(cluster, month):
    drop = ["partitions", "drop", "--table", TABLE, "--month", "1983-07", "--yes"]
    refused = cluster.camgrid(*drop)
    assert refused.returncode == 2
    assert "100 rows" in refused.stderr
    assert cluster.camgrid(*drop, "--cluster", "another").returncode == 2
    done = cluster.camgrid(*drop, "--cluster", cluster.topology.cluster, "--json")
    assert json.loads(done.stdout)["months"][0]["outcome"] == "dropped"
    assert actions(month) == [("dropped", 100), ("detached", 100)]
    assert month.execute("SELECT to_regclass(%s)", (NAME,)).fetchone() == (None,)


def test_a_drop_that_was_stopped_is_due_and_finished(month):
    month.execute("SELECT begin_drop(%s, %s)", (TABLE, MONTH))
    due = month.execute("SELECT action FROM months_due() WHERE table_name = %s AND start_date = %s", (TABLE, MONTH))
    assert due.fetchall() == [("drop",)]
    assert month.execute("CALL drop_partition(%s, %s)", (TABLE, MONTH)).fetchone() == ("dropped",)
    assert actions(month)[0] == ("dropped", 100)


def test_this_month_is_never_dropped(month):
    (said,) = month.execute("CALL drop_partition(%s, now()::date)", (TABLE,)).fetchone()
    assert said.startswith("refused: the month")
    assert said.endswith("is not over")


def test_a_rule_that_drops_wants_the_name_and_names_who_set_it(cluster, rules, month):
    command = ["partitions", "rules", "--table", TABLE, "--archive-after", "never", "--drop-after", "480", "--yes"]
    assert cluster.camgrid(*command).returncode == 2
    done = cluster.camgrid(*command, "--cluster", cluster.topology.cluster, "--json")
    (rule,) = [rule for rule in json.loads(done.stdout)["rules"] if rule["table_name"] == TABLE]
    assert (rule["archive_after_months"], rule["drop_after_months"]) == (None, 480)
    assert "@" in rule["set_by"]
    due = rules.execute("SELECT action FROM months_due() WHERE table_name = %s AND start_date = %s", (TABLE, MONTH))
    assert due.fetchall() == [("drop",)]


@pytest.mark.parametrize(
    "statement",
    [
        "CALL drop_partition('camera_events', '1983-07-01')",
        "CALL archive_partition('camera_events', '1983-07-01')",
        "SELECT set_partition_rule('camera_events', 3, 1, 1)",
        "SELECT remove_partition('camera_events_y1983m07')",
        "SELECT run_on_shards('SELECT 1', ARRAY['camera_events'])",
        "SELECT exchange_month('camera_events', '1983-07-01', 'x', NULL, 'infinity', true)",
    ],
)
def test_writers_do_nothing_but_make_months(cluster, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        cluster.rows(statement, role="writer")


def test_without_columnar_storage_the_archive_exits_with_2(cluster):
    if cluster.value("SELECT has_columnar()"):
        pytest.skip("this cluster has columnar storage")
    done = cluster.camgrid("partitions", "archive", "--yes")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
