"""The endpoints go where they promise, to whom they promise, and refuse everybody else."""

from __future__ import annotations

import ssl
import urllib.request

import psycopg
import pytest

from camgrid import endpoints, pki
from camgrid.topology import ENDPOINT_PORTS, STATISTICS_PORT
from tests.cluster.support import wait_until

pytestmark = pytest.mark.once

PROXIES = [f"proxy-{number}" for number in (0, 1)]


def parameters(cluster, endpoint, role, **changes):
    return endpoints.parameters(cluster.inventory, cluster.topology, role, endpoint) | changes


def chosen(cluster, endpoint, role, attempts=24, **changes):
    """Nodes that attempts connections reached, by the name that Patroni gave each pool's PostgreSQL."""
    seen = set()
    for _ in range(attempts):
        with psycopg.connect(**parameters(cluster, endpoint, role, **changes), autocommit=True) as conn:
            seen.add(conn.execute("SELECT current_setting('listen_addresses')").fetchone()[0].split(",")[0])
    return {node.host for node in cluster.topology.nodes if node.address in seen}


def roles(cluster):
    """host → role as Patroni has it."""
    return {member.name: member.role for member in cluster.members()}


@pytest.fixture(params=PROXIES)
def proxy(cluster, request):
    """The address of each proxy in turn."""
    return cluster.topology.hosts[cluster.topology.proxies()[PROXIES.index(request.param)]]


def one(endpoint, proxy):
    return {"host": proxy, "port": ENDPOINT_PORTS[endpoint]}


def test_write_goes_to_the_coordinators_primary(cluster, proxy):
    assert chosen(cluster, "write", "writer", 4, **one("write", proxy)) == {cluster.leader(0).host}


def test_ingest_goes_to_every_primary(cluster, proxy):
    leaders = {cluster.leader(group).host for group in cluster.topology.groups()}
    assert chosen(cluster, "ingest", "writer", **one("ingest", proxy)) == leaders


def test_read_goes_to_every_replica_and_to_no_primary(cluster, proxy):
    replicas = {node.host for node in cluster.topology.nodes if not node.analytics}
    replicas -= {cluster.leader(group).host for group in cluster.topology.groups()}
    assert chosen(cluster, "read", "reader", **one("read", proxy)) == replicas


def test_analytics_goes_to_its_replica_alone(cluster, proxy):
    analytics = {node.host for node in cluster.topology.nodes if node.analytics}
    assert chosen(cluster, "analytics", "reporter", 6, **one("analytics", proxy)) == analytics


@pytest.mark.needs_workers
def test_analytics_reads_from_worker_replicas(cluster):
    with psycopg.connect(**parameters(cluster, "analytics", "reporter"), autocommit=True) as conn:
        plan = conn.execute("EXPLAIN (VERBOSE) SELECT count(*) FROM counting_results").fetchall()
        assert conn.execute("SELECT count(*) FROM counting_results").fetchone()
    text = "\n".join(line for (line,) in plan)
    leaders = {cluster.leader(group).name for group in cluster.topology.groups() if group}
    assert "host=g" in text
    assert not any(f"host={name}" in text for name in leaders), text


def test_analytics_refuses_to_write(cluster):
    statement = "INSERT INTO counting_results (camera_id, timestamp) VALUES (800001, now())"
    with (
        psycopg.connect(**parameters(cluster, "analytics", "writer"), autocommit=True) as conn,
        pytest.raises(psycopg.Error),
    ):
        conn.execute(statement)


def test_libpq_goes_on_to_the_next_proxy(cluster):
    addresses = [cluster.topology.hosts[host] for host in cluster.topology.proxies()]
    nobody = cluster.lab.subnet[250]
    wanted = parameters(cluster, "write", "writer", host=f"{nobody},{addresses[-1]}", port="5000,5000")
    with psycopg.connect(**(wanted | {"connect_timeout": 2})) as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("endpoint", list(ENDPOINT_PORTS))
def test_nobody_is_let_in_without_tls(cluster, endpoint):
    with pytest.raises(psycopg.OperationalError, match="SSL required"):
        psycopg.connect(**parameters(cluster, endpoint, "reader", sslmode="disable"))


@pytest.mark.parametrize("user", ["postgres", "camgrid_owner", "camgrid_pooler", "pgbouncer", "nobody"])
def test_nobody_else_has_a_pool(cluster, user):
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(**parameters(cluster, "write", "writer", user=user))


def test_a_wrong_password_is_refused(cluster):
    with pytest.raises(psycopg.OperationalError, match="SASL authentication failed"):
        psycopg.connect(**parameters(cluster, "write", "writer", password=cluster.lab.name))


def test_statistics_are_for_operators(cluster, proxy):
    url = f"https://{proxy}:{STATISTICS_PORT}/"
    where = pki.directory(cluster.inventory)
    context = ssl.create_default_context(cafile=str(where / "ca.crt"))
    with pytest.raises(OSError, match="certificate required"):
        urllib.request.urlopen(url, timeout=5, context=context).read()
    context.load_cert_chain(str(where / f"{pki.OPERATOR}.pem"))
    with urllib.request.urlopen(url, timeout=5, context=context) as answer:
        page = answer.read().decode()
    assert "ingest" in page
    assert all(node.host in page for node in cluster.topology.nodes)


def test_a_lagging_replica_leaves_the_pool_and_comes_back(cluster):
    replica = next(m.name for m in cluster.members() if m.group == 0 and m.role == "quorum_standby")
    host = cluster.host(replica)
    host.check_output("pkill --signal STOP --full 'postgres: .*startup recovering'")
    try:
        with cluster.connect("admin") as conn:
            conn.execute("CREATE TABLE public.lag_of_a_test AS SELECT repeat('x', 500) FROM generate_series(1, 60000)")
        wait_until(lambda: replica not in chosen(cluster, "read", "reader", 12), 30)
    finally:
        host.check_output("pkill --signal CONT --full 'postgres: .*startup recovering'")
        with cluster.connect("admin") as conn:
            conn.execute("DROP TABLE IF EXISTS public.lag_of_a_test")
    wait_until(lambda: replica in chosen(cluster, "read", "reader"), 60)
