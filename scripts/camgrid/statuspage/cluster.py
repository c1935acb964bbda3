"""What a monitor has to know of a cluster to look at it: the inventory without its secrets, and its own certificate."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg

from camgrid import connect
from camgrid.errors import CamgridError
from camgrid.inventory import Inventory
from camgrid.prometheus import Prometheus
from camgrid.topology import SERVICE_GROUPS, Topology, build

# What the topology is made of; nothing else of an inventory leaves the operator's machine.
_VARIABLES = frozenset(
    {"ansible_host", "citus_group", "patroni_shared_parameters", "postgresql_version"}
    | {f"camgrid_{name}" for name in ("address", "analytics", "cluster", "member", "phase", "pool_connections")}
    | {f"camgrid_{name}" for name in ("read_weight", "region_delay_s")}
)


def described(inventory: Inventory) -> dict[str, Any]:
    """Hosts and groups as plain data, without what is nobody's business on a monitor."""
    groups = {
        name: hosts
        for name, hosts in inventory.groups.items()
        if name in {"coordinator", "workers", *SERVICE_GROUPS} or name.startswith("region_")
    }
    hosts = {
        host: {name: value for name, value in variables.items() if name in _VARIABLES}
        for host, variables in inventory.hosts.items()
    }
    return {"hosts": hosts, "groups": groups}


class Monitor:
    """The part of a verb's App that looking needs, on a monitor: it logs in with the host's certificate."""

    def __init__(self, settings: dict[str, Any]) -> None:
        """settings: described(), certificate, ca_certificate, prometheus (its URL), home (has .secrets/pki/ca.crt)."""
        self.settings = settings

    @cached_property
    def inventory(self) -> Inventory:
        """The cluster's, as far as it was told."""
        return Inventory(Path(self.settings["home"]), self.settings["hosts"], self.settings["groups"])

    @cached_property
    def topology(self) -> Topology:
        """What it means."""
        return build(self.inventory)

    @cached_property
    def prometheus(self) -> Prometheus:
        """The one on the same host, which knows what a monitor may not ask for itself."""
        settings = self.settings
        return Prometheus(settings["prometheus"], settings["certificate"], settings["ca_certificate"])

    def connect(self, role: str, **options: Any) -> psycopg.Connection:
        """A connection to the coordinator's primary, as monitor alone. CamgridError when none answers."""
        if role != "monitor":
            raise CamgridError(f"a monitor does not log in as {role}", where="status page")
        wanted = connect.addressed(self.inventory, self.topology, role) | {
            "sslcert": self.settings["certificate"],
            "sslkey": self.settings["certificate"],
            "sslrootcert": self.settings["ca_certificate"],
            "application_name": "camgrid_status",
        }
        return connect.opened(wanted | options)
