"""Many clients share few connections: nobody is refused, and PostgreSQL never runs out of them."""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from datetime import UTC, datetime

import psycopg
import pytest

from camgrid import endpoints, tuning
from tests.cluster.support import MEASURED

pytestmark = pytest.mark.once

CLIENTS = 1000
CAMERA = 800_500
ROUND_S = 6


def parameters(cluster, endpoint, role):
    return endpoints.parameters(cluster.inventory, cluster.topology, role, endpoint)


def memory_kb(cluster, hosts, process):
    """Resident memory of a process over hosts."""
    found = [cluster.host(host).run(f"ps -C {process} -o rss=").stdout.split() for host in hosts]
    return sum(int(each) for line in found for each in line)


def test_a_thousand_clients_are_served_by_few_connections(cluster):
    nodes = [node.host for node in cluster.topology.nodes]

    async def client(gate, done):
        async with gate:
            conn = await psycopg.AsyncConnection.connect(
                **(parameters(cluster, "read", "reader") | {"connect_timeout": 60}), autocommit=True
            )
        await done.wait()
        row = await (await conn.execute("SELECT count(*) FROM cameras")).fetchone()
        return conn, row

    async def all_at_once():
        gate, done = asyncio.Semaphore(50), asyncio.Event()
        tasks = [asyncio.create_task(client(gate, done)) for _ in range(CLIENTS)]
        await asyncio.sleep(0)
        done.set()
        answers = await asyncio.gather(*tasks)
        during = memory_kb(cluster, nodes, "pgbouncer"), memory_kb(cluster, cluster.topology.proxies(), "haproxy")
        for conn, _ in answers:
            await conn.close()
        return [row for _, row in answers], during

    before = memory_kb(cluster, nodes, "pgbouncer"), memory_kb(cluster, cluster.topology.proxies(), "haproxy")
    started = time.monotonic()
    rows, during = asyncio.run(all_at_once())
    assert len(rows) == CLIENTS
    assert len(set(rows)) == 1
    pool, proxy = ((after - earlier) / CLIENTS for earlier, after in zip(before, during, strict=True))
    MEASURED.append(
        f"{CLIENTS} clients connected and answered in {time.monotonic() - started:.1f} s, none refused;"
        f" memory per client: pool {pool:.1f} KiB, proxy {proxy:.1f} KiB"
    )


def test_connections_stay_below_the_sum_that_was_computed(cluster):
    parts = cluster.topology.connections()
    others = len(cluster.topology.nodes) - 1 if cluster.topology.sharded else 0
    assert parts["pool"] + parts["citus"] * others + parts["reserved"] <= tuning.SHARED["max_connections"]
    for node in cluster.topology.nodes:
        with cluster.connect_to(node, "admin") as conn:
            assert conn.execute("SHOW max_connections").fetchone()[0] == str(tuning.SHARED["max_connections"])
            if cluster.topology.sharded:
                assert conn.execute("SHOW citus.max_shared_pool_size").fetchone()[0] == str(parts["citus"])
        assert f"max_db_connections = {parts['pool']}" in cluster.host(node.host).check_output(
            "cat /etc/pgbouncer/pgbouncer.ini"
        )


def test_prepared_statements_outlive_the_connection_that_prepared_them(cluster):
    wanted = parameters(cluster, "read", "reader")
    with psycopg.connect(**wanted, autocommit=True, prepare_threshold=1) as conn:
        answers = {conn.execute("SELECT %s::int + 1", (41,)).fetchone() for _ in range(50)}
        assert conn.execute("SELECT count(*) > 0 FROM pg_prepared_statements").fetchone() == (True,)
    assert answers == {(42,)}


class Writer(threading.Thread):
    """Writes one row after the other until it is told to stop, and keeps how long each took, in seconds."""

    def __init__(self, cluster):
        super().__init__()
        self.wanted, self.stop, self.times = parameters(cluster, "ingest", "writer"), threading.Event(), []

    def run(self):
        with psycopg.connect(**self.wanted, autocommit=True) as conn:
            while not self.stop.wait(0.02):
                started = time.monotonic()
                conn.execute(
                    "INSERT INTO counting_results (camera_id, timestamp) VALUES (%s, %s)", (CAMERA, datetime.now(UTC))
                )
                self.times.append(time.monotonic() - started)


def write_times(cluster, seconds):
    writer = Writer(cluster)
    writer.start()
    time.sleep(seconds)
    writer.stop.set()
    writer.join()
    return writer.times


def report_until(cluster, stop, count):
    with psycopg.connect(**parameters(cluster, "analytics", "reporter"), autocommit=True) as conn:
        while not stop.is_set():
            conn.execute("SELECT camera_id, date_trunc('day', timestamp), sum(total_count) FROM counting_results"
                         " GROUP BY 1, 2").fetchall()  # fmt: skip
            count.append(1)


def test_writes_beside_reports(cluster):
    quiet, busy, reports = [], [], []
    try:
        for _ in range(3):  # in turn, so that what else the machine does meets both
            quiet += write_times(cluster, ROUND_S)
            stop = threading.Event()
            reporter = threading.Thread(target=report_until, args=(cluster, stop, reports))
            reporter.start()
            busy += write_times(cluster, ROUND_S)
            stop.set()
            reporter.join()
    finally:
        with cluster.connect("admin") as conn:
            conn.execute("DELETE FROM counting_results WHERE camera_id = %s", (CAMERA,))
    p95 = [statistics.quantiles(times, n=20)[-1] * 1000 for times in (quiet, busy)]
    assert reports
    MEASURED.append(
        f"writes, p95: {p95[0]:.1f} ms without reports, {p95[1]:.1f} ms with {len(reports)} reports over all rows"
        f" ({p95[1] / p95[0] - 1:+.0%}; all hosts share this machine's cores)"
    )
