"""A proxy that reads its configuration anew sends nobody to a node that is none of its endpoint's."""

from __future__ import annotations

import threading
import time
from collections import Counter

import psycopg
import pytest

from camgrid import endpoints
from camgrid.topology import ENDPOINT_PORTS
from tests.cluster.support import MEASURED

pytestmark = pytest.mark.once

CLIENTS, RELOADS = 4, 4


def test_writes_go_to_the_primary_while_proxies_are_reloaded(cluster):
    proxies = cluster.topology.proxies()
    found, failed, ending = Counter(), [], threading.Event()

    def connect_anew(proxy: str) -> None:
        wanted = endpoints.parameters(cluster.inventory, cluster.topology, "writer", "write")
        wanted |= {"host": cluster.topology.hosts[proxy], "port": ENDPOINT_PORTS["write"]}
        while not ending.is_set():
            try:
                with psycopg.connect(**wanted, autocommit=True) as conn:
                    (replica,) = conn.execute("SELECT pg_is_in_recovery() FROM pg_sleep(0.05)").fetchone()
                found[replica] += 1
            except psycopg.Error as error:
                failed.append(f"{proxy}: {error}")

    clients = [threading.Thread(target=connect_anew, args=(proxy,)) for proxy in proxies * (CLIENTS // len(proxies))]
    for client in clients:
        client.start()
    try:
        for _ in range(RELOADS):
            for proxy in proxies:
                cluster.host(proxy).check_output("systemctl reload haproxy")
            time.sleep(2)
    finally:
        ending.set()
        for client in clients:
            client.join()
    MEASURED.append(
        f"{RELOADS} reloads of {len(proxies)} proxies: {sum(found.values())} connections, {len(failed)} failed"
    )
    assert failed == [], failed[:5]
    assert found[True] == 0
    assert found[False] > 100
