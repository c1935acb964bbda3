"""What stands in the way of moving shards, what would only make it wait, and what broken moves have left."""

import json

import pytest

from camgrid.rebalance import obstacles
from tests.cluster.support import Cluster

pytestmark = pytest.mark.needs_workers


def test_a_transaction_that_runs_for_long_is_told_beforehand(cluster: Cluster, monkeypatch):
    monkeypatch.setattr(obstacles, "LONG_TRANSACTION", "0 seconds")
    with cluster.connect_to(cluster.leader(1), "admin", autocommit=False) as idle:
        (pid,) = idle.execute("SELECT pg_backend_pid() FROM pg_current_xact_id()").fetchone()
        with cluster.connect("admin") as conn:
            assert f"session {pid} of postgres" in " ".join(each.what for each in obstacles.delays(conn))


def test_a_prepared_transaction_that_was_left_stands_in_the_way(cluster: Cluster, monkeypatch):
    monkeypatch.setattr(obstacles, "LONG_TRANSACTION", "0 seconds")
    with cluster.connect_to(cluster.leader(1), "admin") as worker:
        worker.execute("BEGIN")
        worker.execute("SELECT pg_current_xact_id()")
        worker.execute("PREPARE TRANSACTION 'left_by_a_test'")
        try:
            with cluster.connect("admin") as conn:
                (found,) = [each for each in obstacles.of_database(conn, None) if "prepared" in each.what]
            assert "left_by_a_test" in found.what
            assert found.where == cluster.leader(1).name
        finally:
            worker.execute("ROLLBACK PREPARED 'left_by_a_test'")


def test_a_table_without_a_primary_key_stands_in_the_way(cluster: Cluster):
    with cluster.connect("admin") as conn:
        conn.execute("CREATE TABLE camgrid.keyless (camera_id integer NOT NULL)")
        conn.execute("""
            SELECT create_distributed_table('camgrid.keyless', 'camera_id', colocate_with => 'camgrid.counting_results')
        """)
    try:
        shown = cluster.camgrid("rebalance", "plan", "--no-load")
        assert shown.returncode == 3
        assert "table keyless: has no primary key" in shown.stdout.replace("camgrid.keyless", "keyless")
    finally:
        with cluster.connect("admin") as conn:
            conn.execute("DROP TABLE camgrid.keyless")


def test_an_orphaned_shard_is_found_and_removed_and_its_like_is_not(cluster: Cluster):
    owner = cluster.leader(1)
    (mine, other) = (
        cluster.value(
            """
            SELECT min(s.shardid) FROM pg_dist_shard AS s JOIN pg_dist_placement AS p USING (shardid)
            WHERE s.logicalrelid = 'camgrid.counting_results'::regclass AND p.groupid = %s
            """,
            group,
        )
        for group in (1, 2)
    )
    with cluster.connect_to(owner, "admin") as conn:
        conn.execute("SET citus.enable_ddl_propagation = off")
        conn.execute("SET citus.enable_manual_changes_to_shards = on")
        conn.execute(f"CREATE TABLE camgrid.counting_results_{other} (camera_id integer)")
        cleaned = cluster.camgrid("rebalance", "clean", "--yes", "--json")
        assert cleaned.returncode == 0, cleaned.stderr
        told = json.loads(cleaned.stdout)
        assert told["orphans"] == [{"group": 1, "table": f"camgrid.counting_results_{other}"}]
        assert told["left"] == 0
        there = "SELECT to_regclass('camgrid.counting_results_' || %s)::oid"
        assert conn.execute(there, (other,)).fetchone()[0] is None
        assert conn.execute(there, (mine,)).fetchone()[0] is not None
