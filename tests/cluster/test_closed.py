"""Whoever is in none of the inventory's networks reaches nothing: not a port, not one that nobody listens on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from camgrid.lab.run import run
from camgrid.topology import ENDPOINT_PORTS, POOL_PORT, STATISTICS_PORT

pytestmark = pytest.mark.once

# Of a network for documentation, which no inventory names: this machine has it while the test runs.
OUTSIDE = "198.51.100.77"
PORTS = [22, 80, 2379, 2380, 5432, 8008, 8432, 9090, 9100, *ENDPOINT_PORTS.values(), POOL_PORT, STATISTICS_PORT]


@pytest.fixture(scope="module")
def outside() -> Iterator[str]:
    """An address outside of the inventory's networks, which the hosts' answers find their way back to."""
    run(["ip", "address", "add", f"{OUTSIDE}/32", "dev", "lo"])
    yield OUTSIDE
    run(["ip", "address", "del", f"{OUTSIDE}/32", "dev", "lo"])


def answers(source: str, address: str, port: int) -> bool:
    """Whether a connection is taken or refused; a firewall that drops does neither."""
    try:
        socket.create_connection((address, port), timeout=2, source_address=(source, 0)).close()
    except ConnectionRefusedError:
        return True
    except TimeoutError:
        return False
    return True


def test_no_port_answers(cluster, outside):
    listening = set(PORTS)
    for name in cluster.topology.hosts:
        sockets = cluster.host(name).check_output("ss --listening --tcp --numeric --no-header").splitlines()
        listening |= {int(line.split()[3].rpartition(":")[2]) for line in sockets}
    places = [(address, port) for address in cluster.topology.hosts.values() for port in sorted(listening)]
    if cluster.topology.floating_address:
        places += [(cluster.topology.floating_address, port) for port in ENDPOINT_PORTS.values()]
    with ThreadPoolExecutor(max_workers=100) as pool:
        open_ = [
            place for place, told in zip(places, pool.map(lambda p: answers(outside, *p), places), strict=True) if told
        ]
    assert open_ == []


def test_from_inside_the_same_hosts_answer(cluster):
    """Or nothing that is silent above would say anything."""
    inside = str(cluster.lab.gateway)
    for name, address in cluster.topology.hosts.items():
        assert answers(inside, address, 22), name
        if cluster.topology.node(name):
            assert answers(inside, address, 5432), name


def test_the_hosts_answers_would_find_their_way(host, outside):
    """So silence is the firewall's, not a missing route's."""
    assert host.run(f"ping -c 1 -W 3 {outside}").rc == 0
