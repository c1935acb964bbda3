"""The triggers fire for what they are about, on the running cluster, and are resolved when it is over."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal

import psycopg

from camgrid import endpoints
from tests.cluster.waiting import until
from tests.sql.test_monitors import CONSOLE, known_as, replicas


@contextmanager
def sensitive(cluster, kind, value):
    """Has alerts of a kind raised at once, at another value."""
    with cluster.connect("admin") as conn:
        query = "SELECT threshold, raise_after FROM scaling_thresholds WHERE trigger_type = %s"
        (before,) = conn.execute(query, (kind,)).fetchall()
        conn.execute("SELECT set_scaling_threshold(%s, %s, '0')", (kind, value))
        try:
            yield conn
        finally:
            conn.execute("SELECT set_scaling_threshold(%s, %s, %s)", (kind, *before))
            conn.execute("SELECT check_scaling_triggers(FALSE)")
            conn.execute("DELETE FROM alerts WHERE trigger_type = %s", (kind,))
            conn.execute("DELETE FROM scaling_log WHERE trigger_type = %s", (kind,))


def check(conn, kind):
    """Looks once, and returns the kind's alerts: subject, status, next step."""
    conn.execute("SELECT check_scaling_triggers(FALSE)")
    query = "SELECT subject, status, next_step FROM alerts WHERE trigger_type = %s AND status <> 'pending' ORDER BY id"
    return conn.execute(query, (kind,)).fetchall()


def test_connections_that_run_short(cluster):
    with sensitive(cluster, "connections_used", Decimal("0.1")) as conn:
        ((subject, status, step),) = check(conn, "connections_used")
        assert (subject, status) == ("cluster", "open")
        assert "max_connections" in step
        assert conn.execute("SELECT action FROM scaling_log WHERE trigger_type = 'connections_used'").fetchall() == [
            ("more_connections",)
        ]
        conn.execute("SELECT set_scaling_threshold('connections_used', 100)")
        assert [status for _, status, _ in check(conn, "connections_used")] == ["resolved"]


def test_writes_want_another_worker_or_the_next_phase(cluster):
    with sensitive(cluster, "write_operations_per_second", 0) as conn:
        metrics = [{"metric_name": "write_operations_per_second", "current_value": 5, "target_value": 1, "reason": "x"}]
        (found,) = conn.execute("SELECT * FROM load_causes(%s)", (json.dumps(metrics),)).fetchall()
        step = found[-1]
    if cluster.topology.sharded:
        assert f"add_worker.yml -e group={max(cluster.topology.groups()) + 1}" in step
    else:
        assert "camgrid phase plan" in step


def test_clients_that_wait_for_a_pool(cluster):
    leader = cluster.leader(0)
    host = cluster.host(leader.host)
    name = f"{known_as(cluster, leader)}/camgrid_writer"
    wanted = endpoints.parameters(cluster.inventory, cluster.topology, "writer", "write")
    with (
        sensitive(cluster, "pool_wait", 0) as conn,
        psycopg.connect(**wanted, autocommit=True) as client,
        ThreadPoolExecutor() as pool,
    ):
        host.check_output(f"{CONSOLE} 'PAUSE camgrid'")
        try:
            asked = pool.submit(client.execute, "SELECT 1")
            found = until(lambda: [row for row in check(conn, "pool_wait") if row[0] == name])
        finally:
            host.check_output(f"{CONSOLE} 'RESUME camgrid'")
        asked.result()
        assert [status for _, status, _ in found] == ["open"]
        assert "camgrid_pool_connections" in found[0][2]
        until(lambda: [status for subject, status, _ in check(conn, "pool_wait") if subject == name] == ["resolved"])


def test_a_replica_that_is_lost(cluster):
    node = replicas(cluster)[-1]
    host = cluster.host(node.host)
    with sensitive(cluster, "replica_lost", 0) as conn:
        host.check_output("systemctl stop patroni")
        try:
            found = until(lambda: [row for row in check(conn, "replica_lost") if row[0] == node.host], 90)
        finally:
            host.check_output("systemctl start patroni")
        assert found[0][1] == "open"
        assert f"member={node.host}" in found[0][2]
        until(
            lambda: (
                [status for subject, status, _ in check(conn, "replica_lost") if subject == node.host] == ["resolved"]
            )
        )


def test_a_node_that_is_silent_resolves_nothing_of_its_own(cluster):
    node = replicas(cluster)[-1]
    host = cluster.host(node.host)
    name = f"{known_as(cluster, node)}/camgrid_reader"
    with sensitive(cluster, "pool_wait", 0) as conn:
        conn.execute(
            "SELECT raise_alert('pool_wait', %s, 9, 0, 'a client waits', 'more_connections', 'camgrid status')", (name,)
        )
        host.check_output("systemctl stop pgbouncer")
        try:
            assert (name, "open", "camgrid status") in check(conn, "pool_wait")
        finally:
            host.check_output("systemctl start pgbouncer")
        until(lambda: (name, "resolved") in [row[:2] for row in check(conn, "pool_wait")])
