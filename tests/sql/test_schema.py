"""The schema: what it refuses, where rows go, and that applying it again changes nothing."""

from __future__ import annotations

import shutil

import psycopg
import pytest

from camgrid.errors import CamgridError
from camgrid.schema import files, run

INSERT = "INSERT INTO counting_results (camera_id, timestamp, {0}) VALUES (920001, now(), {1})"


@pytest.mark.parametrize(
    ("column", "value"), [("count_in", -1), ("count_out", -1), ("confidence", 1.01), ("confidence", -0.1)]
)
def test_impossible_values_are_refused(cluster, column, value):
    with pytest.raises(psycopg.errors.CheckViolation):
        cluster.rows(INSERT.format(column, value), role="writer")


def test_a_month_without_a_partition_is_refused(cluster):
    with pytest.raises(psycopg.Error, match="no partition of relation"):
        cluster.rows("INSERT INTO counting_results (camera_id, timestamp) VALUES (1, '1971-01-01')", role="writer")


def test_sending_a_result_again_changes_nothing(cluster):
    with cluster.connect("writer") as conn:
        moment = conn.execute("SELECT now()").fetchone()[0]
        insert = (
            "INSERT INTO counting_results (camera_id, zone_id, timestamp, count_in) VALUES (920002, 1, %s, %s)"
            " ON CONFLICT (camera_id, zone_id, timestamp) DO NOTHING"
        )
        counts = [conn.execute(insert, (moment, value)).rowcount for value in (5, 9)]
        query = "SELECT count_in FROM counting_results WHERE camera_id = 920002 AND timestamp = %s"
        assert counts == [1, 0]
        assert conn.execute(query, (moment,)).fetchall() == [(5,)]


def test_an_event_keeps_its_own_id(cluster):
    insert = (
        "INSERT INTO camera_events (id, camera_id, event_type, timestamp) VALUES"
        " ('6a1f7c1e-8f1e-4c53-9d3b-0e2a1d0c5b11', 920003, 'crowd', %s) ON CONFLICT DO NOTHING"
    )
    moment = cluster.value("SELECT now()")
    with cluster.connect("writer") as conn:
        assert [conn.execute(insert, (moment,)).rowcount for _ in range(2)] == [1, 0]
    count = "SELECT count(*) FROM camera_events WHERE camera_id = 920003 AND timestamp = %s"
    assert cluster.value(count, moment, role="reader") == 1


def test_every_camera_has_a_shard_that_is_routed(cluster):
    shards = {shard for (shard,) in cluster.rows("SELECT shard_id FROM shard_routing WHERE is_active", role="reader")}
    query = "SELECT DISTINCT get_shard_for_camera(c) FROM generate_series(1, 500) AS c"
    found = {shard for (shard,) in cluster.rows(query, role="reader")}
    assert found == shards
    assert len(shards) == (32 if cluster.topology.sharded else 1)


@pytest.mark.needs_workers
def test_a_cameras_rows_lie_where_routing_says(cluster):
    """Asked of the worker itself: the shard table there holds the row."""
    cluster.rows(
        "INSERT INTO counting_results (camera_id, zone_id, timestamp) VALUES (920004, 1, now())"
        " ON CONFLICT DO NOTHING RETURNING 1",
        role="writer",
    )
    shard, host = cluster.rows(
        "SELECT shard_name, host FROM shard_routing WHERE shard_id = get_shard_for_camera(920004)"
    )[0]
    node = next(node for node in cluster.topology.nodes if node.name == host)
    with cluster.connect_to(node, "admin") as conn:
        conn.execute("SET citus.override_table_visibility = off")
        assert conn.execute(f"SELECT count(*) > 0 FROM camgrid.{shard} WHERE camera_id = 920004").fetchone()[0]


def test_nothing_is_left_to_apply(cluster):
    assert cluster.camgrid("schema", "plan").returncode == 0
    again = cluster.camgrid("schema", "apply", "--yes", "--json")
    assert again.returncode == 0
    assert '"applied": []' in again.stdout


def test_an_edited_migration_is_refused(cluster, tmp_path):
    shutil.copytree(files.SQL, tmp_path / "sql")
    path = tmp_path / "sql/migrations/0002_cameras.sql"
    path.write_text(path.read_text() + "\n-- an afterthought\n")
    with cluster.connect("admin") as conn, pytest.raises(CamgridError, match="edited after it was applied") as caught:
        list(run.pending(conn, {}, set(), tmp_path / "sql"))
    assert "new migration" in caught.value.hint


def test_an_older_checkout_is_refused(cluster, tmp_path):
    shutil.copytree(files.SQL, tmp_path / "sql")
    sorted((tmp_path / "sql/migrations").glob("*.sql"))[-1].unlink()
    with cluster.connect("admin") as conn, pytest.raises(CamgridError, match="this checkout lacks"):
        list(run.pending(conn, {}, set(), tmp_path / "sql"))
