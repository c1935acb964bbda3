"""The floating address follows a proxy that works."""

from __future__ import annotations

import time

import psycopg
import pytest

from camgrid import endpoints
from tests.cluster.support import MEASURED, wait_until

pytestmark = pytest.mark.once


def holders(cluster):
    address = cluster.topology.floating_address
    return [
        proxy
        for proxy in cluster.topology.proxies()
        if f" {address}/" in cluster.host(proxy).check_output("ip -4 -brief address")
    ]


def answers(cluster):
    wanted = endpoints.parameters(cluster.inventory, cluster.topology, "reader", "write")
    wanted |= {"host": cluster.topology.floating_address, "port": 5000, "connect_timeout": 2}
    try:
        with psycopg.connect(**wanted) as conn:
            return bool(conn.execute("SELECT 1").fetchone())
    except psycopg.OperationalError:
        return False


def test_another_proxy_takes_it_over_and_keeps_it(cluster):
    if not cluster.topology.floating_address:
        pytest.skip("this inventory has no floating address")
    (before,) = holders(cluster)
    assert answers(cluster)
    # Neither the process nor a restart of it: the host itself is healthy, its endpoint is not.
    cluster.host(before).check_output("systemctl stop haproxy")
    stopped = time.monotonic()
    try:
        wait_until(lambda: answers(cluster), 20)
        MEASURED.append(f"floating address: {time.monotonic() - stopped:.1f} s from a stopped proxy to an answer")
        (now,) = holders(cluster)
        assert now != before
    finally:
        cluster.host(before).check_output("systemctl start haproxy")
    wait_until(lambda: cluster.host(before).check_output("systemctl is-active haproxy") == "active", 10)
    assert holders(cluster) == [now]
