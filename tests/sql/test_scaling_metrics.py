"""The load that get_scaling_metrics() tells is what applications did between two looks, on all nodes, counted once."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from camgrid import endpoints
from tests.cluster.support import MEASURED

CAMERA = 941_001
# Long past, in a month of its own that the test makes and drops.
MONTH = datetime(2016, 5, 1, tzinfo=UTC)
READS, ROWS = 600, 3000
# Whatever else asks something of the cluster meanwhile.
STRAY = 100


@contextmanager
def between_looks(cluster):
    """Makes a look that is old enough to count from, and yields a function that tells what was counted since.

    metric → (at least, at most), as the look was made between two moments; "metric reason" → the reason.
    """
    with cluster.connect("admin") as conn:
        # The job's own looks are forgotten, and ours is made to seem older: younger ones are not counted from.
        conn.execute("DELETE FROM scaling_looks")
        before = time.monotonic()
        conn.execute("SELECT check_scaling_triggers(FALSE)")
        after = time.monotonic()
        conn.execute("UPDATE scaling_looks SET looked_at = looked_at - interval '30 seconds'")

        def told() -> dict[str, Any]:
            asked = time.monotonic()
            rows = conn.execute("SELECT metric_name, current_value, reason FROM get_scaling_metrics()").fetchall()
            spans = asked - after, time.monotonic() - before
            counts = {name: [float(value) * span for span in spans] for name, value, _ in rows if value is not None}
            return counts | {f"{name} reason": reason for name, _, reason in rows}

        yield told


@pytest.fixture
def month(cluster):
    """A month for rows that are nobody's."""
    with cluster.connect("admin") as conn:
        conn.execute("SELECT create_monthly_partition('counting_results', '2016-05-01')")
        conn.execute(
            "INSERT INTO cameras (id, name, site) VALUES (%s, 'load', 'test') ON CONFLICT DO NOTHING", (CAMERA,)
        )
    yield
    cluster.drop_partition("counting_results_y2016m05")
    with cluster.connect("admin") as conn:
        for table in ("rollup_changes", "counts_hourly", "counts_daily", "camera_latest"):
            conn.execute(f"DELETE FROM {table} WHERE camera_id = %s", (CAMERA,))
        conn.execute("DELETE FROM cameras WHERE id = %s", (CAMERA,))
        conn.execute("DELETE FROM partition_log WHERE start_date = '2016-05-01'")


def test_reads_are_counted_once_wherever_they_go(cluster):
    wanted = endpoints.parameters(cluster.inventory, cluster.topology, "reader", "read")
    with between_looks(cluster) as told, psycopg.connect(**wanted, autocommit=True) as conn:
        for camera in range(READS):
            conn.execute("SELECT total_count FROM counting_results WHERE camera_id = %s LIMIT 1", (camera,))
        least, most = told()["read_operations_per_second"]
    assert most >= READS
    assert least <= READS + STRAY
    MEASURED.append(f"get_scaling_metrics counted {least:.0f} to {most:.0f} of {READS} reads through the endpoint")


def test_a_copy_of_many_rows_is_as_many_writes(cluster, month):
    with between_looks(cluster) as told, cluster.connect("writer") as conn:
        statement = 'COPY counting_results (camera_id, zone_id, "timestamp", total_count) FROM STDIN'
        with conn.cursor() as cursor, cursor.copy(statement) as copy:
            for second in range(ROWS):
                copy.write_row(
                    (CAMERA, 1, MONTH.replace(hour=second // 3600, minute=second // 60 % 60, second=second % 60), 1)
                )
        least, most = told()["write_operations_per_second"]
    assert most >= ROWS
    assert least <= ROWS + STRAY


def test_counters_that_went_back_are_no_negative_rate(cluster):
    with between_looks(cluster) as told:
        with cluster.connect("admin") as conn:
            conn.execute("""
                UPDATE scaling_looks SET answer = answer || '{"reads": 99999999, "writes": 99999999, "exec_ms": 1e12}'
            """)
        found = told()
    assert all(found[name][0] >= 0 for name in ("read_operations_per_second", "write_operations_per_second"))


def test_a_reset_since_the_look_counts_from_the_reset_and_another_host_of_that_name_not_at_all(cluster):
    since = "jsonb_build_object('counted_from', '2001-01-01', 'looked_at', %s::text)"
    change = f"UPDATE scaling_looks SET answer = answer || {since}"
    with between_looks(cluster) as told, cluster.connect("admin") as conn:
        conn.execute(change, ("2001-01-02",))
        later = told()
        conn.execute(change, (datetime.now(UTC).isoformat(),))
        other = told()
    assert "at least" in later["read_operations_per_second reason"]
    assert later["read_operations_per_second"][0] >= 0
    assert "read_operations_per_second" not in other
    assert "this is the first look at it" in other["read_operations_per_second reason"]


def test_without_a_look_rates_are_unknown_and_sessions_are_not(cluster):
    with cluster.connect("admin", autocommit=False) as conn:
        conn.execute("DELETE FROM scaling_looks")
        found = {name: rest for name, *rest in conn.execute("SELECT * FROM get_scaling_metrics()")}
        conn.rollback()
    assert found["read_operations_per_second"][0::2] == [None, "unknown"]
    assert found["active_connections"][2] == "within_limits"


def test_it_takes_milliseconds_a_node_and_is_for_monitors(cluster):
    with cluster.connect("monitor") as conn:
        conn.execute("SELECT * FROM get_scaling_metrics()")
        started = time.monotonic()
        conn.execute("SELECT * FROM get_scaling_metrics()")
        took = time.monotonic() - started
        conn.execute("SELECT * FROM analyze_query_performance()")
    nodes = len([node for node in cluster.topology.nodes if node.region == cluster.topology.region_names[0]])
    MEASURED.append(f"get_scaling_metrics takes {took * 1000:.0f} ms over {nodes} nodes")
    assert took < nodes
    for function in ("get_scaling_metrics", "analyze_query_performance"):
        for role in ("reader", "writer", "reporter"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                cluster.rows(f"SELECT * FROM {function}()", role=role)
