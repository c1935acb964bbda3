"""The endpoints that applications connect to: which port is for what, and libpq's parameters for them.

Each proxy host serves all of them; see docs/applications.md for what an application is to do.
"""

from __future__ import annotations

from typing import Any

from camgrid import pki, secrets
from camgrid.connect import DATABASE
from camgrid.errors import UsageError
from camgrid.inventory import Inventory
from camgrid.topology import ENDPOINT_PORTS, MAIN_REGION, Topology

_CONNECT_TIMEOUT_S = 5
# Milliseconds that sent data may stay unacknowledged before a proxy counts as gone.
_TCP_USER_TIMEOUT_MS = 5000


def addresses(topology: Topology, region: str = MAIN_REGION) -> list[str]:
    """Where a region's endpoints are: the floating address first, where there is one, then each proxy's own."""
    floating = [topology.floating_address] if topology.floating_address and region == MAIN_REGION else []
    return [*floating, *(topology.hosts[host] for host in topology.proxies(region))]


def parameters(
    inventory: Inventory, topology: Topology, role: str, endpoint: str, region: str | None = None
) -> dict[str, Any]:
    """libpq's parameters for an endpoint, naming every proxy: libpq tries the next when one does not answer.

    role: one with a password; endpoint: a key of ENDPOINT_PORTS; region: the one whose proxies are named, of all
    without it: those of a region that stands by send a writer on. UsageError when the cluster has no proxies.
    """
    regions = [region] if region else topology.region_names
    hosts = [address for name in regions for address in addresses(topology, name)]
    if not hosts:
        raise UsageError(
            "this cluster has no endpoints",
            where=f"phase {topology.phase}",
            hint="name hosts in the group proxy, in phase read_scaling or later",
        )
    return {
        "host": ",".join(hosts),
        "port": ",".join([str(ENDPOINT_PORTS[endpoint])] * len(hosts)),
        "dbname": DATABASE,
        "user": secrets.logins(inventory)[role],
        "password": secrets.passwords(inventory)[role],
        "connect_timeout": _CONNECT_TIMEOUT_S,
        "tcp_user_timeout": _TCP_USER_TIMEOUT_MS,
        "sslmode": "verify-full",
        "sslrootcert": str(pki.directory(inventory) / "ca.crt"),
        # Without this libpq would offer whatever lies in ~/.postgresql.
        "sslcertmode": "disable",
        "application_name": "camgrid",
    }
