"""The monitors of the strategy tell the truth of every node, also of those that do not answer."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from camgrid import endpoints
from tests.cluster.support import MEASURED
from tests.cluster.waiting import until

CONSOLE = "runuser -u postgres -- psql -qX -h /run/postgresql -p 6432 -U pgbouncer -d pgbouncer -c"
# An address of a network for examples: nobody answers there.
NOBODY = "192.0.2.1"


def lags(cluster):
    rows = cluster.rows(
        "SELECT replica_name, status, lag_seconds, citus_group FROM monitor_replication_lag()", role="monitor"
    )
    return {name: rest for name, *rest in rows}


def pools(cluster, role="monitor"):
    """Pool → active, waiting, reason."""
    query = "SELECT pool_name, active_connections, waiting_connections, reason FROM monitor_connection_pools()"
    return {name: rest for name, *rest in cluster.rows(query, role=role)}


def known_as(cluster, node):
    """The name that a node has in a pool's name."""
    return node.name if cluster.topology.sharded else node.address


def replicas(cluster):
    leaders = {cluster.leader(group) for group in cluster.topology.groups()}
    return [node for node in cluster.topology.nodes if node not in leaders]


@pytest.mark.parametrize("function", ["monitor_replication_lag", "monitor_connection_pools"])
def test_monitors_may_be_called_by_monitors_alone(cluster, function):
    cluster.rows(f"SELECT * FROM {function}()", role="monitor")
    for role in ("reader", "writer", "reporter"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            cluster.rows(f"SELECT * FROM {function}()", role=role)


@pytest.mark.parametrize(
    "statement", ["dblink.dblink('host=/run/postgresql', 'SELECT 1')", "ask_node('x', 'SELECT 1')"]
)
def test_nobody_else_opens_connections_from_the_database(cluster, statement):
    for role in ("reader", "writer", "reporter", "monitor"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            cluster.rows(f"SELECT {statement}", role=role)


def test_every_replica_of_every_group_has_one_row(cluster):
    assert lags(cluster) == {node.host: ["healthy", 0, node.group] for node in replicas(cluster)}


@pytest.mark.needs_workers
def test_a_replica_that_citus_alone_knows_is_disconnected(cluster):
    with cluster.connect("admin", autocommit=False) as conn:
        conn.execute(
            "INSERT INTO pg_dist_node (nodeid, groupid, nodename, noderole, nodecluster)"
            " VALUES (9999, 1, %s, 'secondary', 'default')",
            (NOBODY,),
        )
        query = (
            "SELECT replica_name, status, lag_seconds, citus_group, reason IS NOT NULL FROM monitor_replication_lag()"
        )
        rows = conn.execute(query).fetchall()
        started = time.monotonic()
        pool = conn.execute("SELECT * FROM monitor_connection_pools() WHERE reason IS NOT NULL").fetchall()
        took = time.monotonic() - started
        conn.rollback()
    assert [row for row in rows if row[1] != "healthy"] == [(NOBODY, "disconnected", None, 1, True)]
    assert len(rows) == len(replicas(cluster)) + 1, "the others have one row still"
    ((name, *numbers, reason),) = pool
    assert (name, set(numbers)) == (NOBODY, {None})
    assert took < 20  # seconds; 9 were seen on a machine that was busy with another lab
    MEASURED.append(f"a node that does not answer costs monitor_connection_pools {took:.1f} s: {reason!r}")


def test_a_transaction_in_hand_is_an_active_connection(cluster):
    name = f"{known_as(cluster, cluster.leader(0))}/camgrid_writer"
    with psycopg.connect(**endpoints.parameters(cluster.inventory, cluster.topology, "writer", "write")) as conn:
        conn.execute("SELECT 1")
        assert pools(cluster)[name][0] >= 1
    until(lambda: pools(cluster)[name][0] == 0)


def test_who_waits_for_a_connection_is_counted(cluster):
    leader = cluster.leader(0)
    name, host = f"{known_as(cluster, leader)}/camgrid_writer", cluster.host(leader.host)
    wanted = endpoints.parameters(cluster.inventory, cluster.topology, "writer", "write")
    # Logging in would wait too, but for the pool of the role that looks passwords up.
    with psycopg.connect(**wanted, autocommit=True) as conn, ThreadPoolExecutor() as pool:
        host.check_output(f"{CONSOLE} 'PAUSE camgrid'")
        try:
            asked = pool.submit(conn.execute, "SELECT 42")
            until(lambda: pools(cluster)[name][1] >= 1)
        finally:
            host.check_output(f"{CONSOLE} 'RESUME camgrid'")
        assert asked.result().fetchone() == (42,)


def test_a_node_without_a_pool_has_one_row_with_the_reason(cluster):
    node = replicas(cluster)[-1]
    host = cluster.host(node.host)
    host.check_output("systemctl stop pgbouncer")
    try:
        mine = {name: row for name, row in pools(cluster).items() if name.startswith(known_as(cluster, node))}
    finally:
        host.check_output("systemctl start pgbouncer")
    ((name, (active, waiting, reason)),) = mine.items()
    assert (name, active, waiting) == (known_as(cluster, node), None, None)
    assert "6432" in reason


def test_a_frozen_postgresql_holds_nobody_up(cluster):
    node = replicas(cluster)[-1]
    host = cluster.host(node.host)
    postmaster = host.check_output("pgrep --full 'bin/[p]ostgres -D'")
    host.check_output("kill -STOP %s", postmaster)
    try:
        started = time.monotonic()
        frozen = pools(cluster)[known_as(cluster, node)]
        took = time.monotonic() - started
    finally:
        host.check_output("kill -CONT %s", postmaster)
    assert frozen == [None, None, "does not answer within seconds"]
    assert took < 15  # seconds; 3 where the machine is quiet, 8 were seen on a busy one
    MEASURED.append(f"a frozen PostgreSQL costs monitor_connection_pools {took:.1f} s")
