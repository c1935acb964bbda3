"""A stolen password is worth nothing a moment later; guessing one, or calling without end, gets nobody far."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import yaml

from camgrid import endpoints
from camgrid.lab.run import run
from tests.cluster.support import MEASURED, ROOT
from tests.cluster.waiting import until

pytestmark = pytest.mark.once

# Attempts of whoever guesses, and how many of them at once.
GUESSES, AT_ONCE = 400, 20


def through(cluster, endpoint: str, role: str = "reader", **changes) -> psycopg.Connection:
    wanted = endpoints.parameters(cluster.inventory, cluster.topology, role, endpoint)
    return psycopg.connect(**(wanted | changes), autocommit=True)


def lets_in(cluster, endpoint: str) -> bool:
    try:
        through(cluster, endpoint).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_locked_role_is_out_on_every_endpoint_and_its_sessions_end(cluster):
    pooled, straight = through(cluster, "read"), cluster.connect("reader")
    pooled.execute("SELECT 1")
    began = time.monotonic()
    try:
        said = cluster.camgrid("roles", "lock", "reader", "--yes")
        MEASURED.append(f"a role was locked on all nodes after {time.monotonic() - began:.1f} s")
        assert said.returncode == 0, said.stderr
        for connection in (pooled, straight):
            with pytest.raises(psycopg.Error):
                connection.execute("SELECT 1")
        assert not [endpoint for endpoint in ("write", "read", "ingest") if lets_in(cluster, endpoint)]
        for node in cluster.topology.nodes:
            with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
                cluster.connect_to(node, "reader")
        (row,) = [row for row in cluster.json("roles", "list")["roles"] if row["role"] == "camgrid_reader"]
        assert (row["may_log_in"], row["sessions"]) == (False, 0)
        # The others are none the wiser.
        through(cluster, "write", "writer").close()
    finally:
        said = cluster.camgrid("roles", "unlock", "reader", "--yes")
    assert said.returncode == 0, said.stderr
    until(lambda: all(lets_in(cluster, endpoint) for endpoint in ("write", "read")), 30)


def test_guessing_is_slowed_down_and_disturbs_nobody(cluster):
    proxy = cluster.topology.hosts[cluster.topology.proxies()[0]]

    def guess(number: int) -> str:
        try:
            through(cluster, "read", host=proxy, port=5002, password=f"guess-{number}", connect_timeout=60)
        except psycopg.OperationalError as error:
            return str(error)
        return "let in"

    node = cluster.topology.nodes[-1]
    began = time.monotonic()
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool, cluster.connect_to(node, "monitor") as other:
        guesses = pool.map(guess, range(GUESSES))
        slowest = 0.0
        for _ in range(20):
            asked = time.monotonic()
            other.execute("SELECT 1")
            slowest = max(slowest, time.monotonic() - asked)
            time.sleep(0.1)
        said = list(guesses)
    took = time.monotonic() - began
    MEASURED.append(
        f"{GUESSES / took:.0f} wrong passwords a second; a query beside them took {slowest * 1000:.0f} ms at most"
    )
    assert all("authentication failed" in each for each in said)
    assert slowest < 2


@pytest.fixture
def neighbour(cluster) -> Iterator[str]:
    """Another address of the applications' network, which this machine has for a while."""
    address = f"{cluster.lab.subnet[240]}/{cluster.lab.subnet.prefixlen}"
    run(["ip", "address", "add", address, "dev", cluster.lab.bridge])
    yield str(cluster.lab.subnet[240])
    run(["ip", "address", "del", address, "dev", cluster.lab.bridge])


def test_who_calls_without_end_is_held_back_and_nobody_else(cluster, neighbour):
    proxy = cluster.topology.hosts[cluster.topology.proxies()[0]]
    limits = yaml.safe_load((ROOT / "roles/firewall/defaults/main.yml").read_text())
    rate, burst = limits["firewall_new_connections_per_s"], limits["firewall_new_connections_burst"]

    def call(_: int) -> bool:
        try:
            # Nothing is said: the listener takes the connection, and loses it again.
            socket.create_connection((proxy, 5002), timeout=0.5, source_address=(neighbour, 0)).close()
        except TimeoutError:
            return False
        return True

    began = time.monotonic()
    with ThreadPoolExecutor(max_workers=100) as pool:
        taken = sum(pool.map(call, range(burst + 1500)))
    took = time.monotonic() - began
    MEASURED.append(f"of {burst + 1500} calls in {took:.1f} s {taken} were taken")
    assert burst * 0.9 <= taken <= burst + rate * (took + 1)
    assert taken < burst + 1500
    assert lets_in(cluster, "read")
