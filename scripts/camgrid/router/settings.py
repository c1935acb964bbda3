"""What a router has to know of a cluster: from an inventory, or from a small dictionary on a host that has none."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from camgrid.errors import UsageError
from camgrid.topology import ENDPOINT_PORTS, MAIN_REGION, POOL_PORT


@dataclass(frozen=True)
class Settings:
    """Where a cluster is and who asks.

    proxies: addresses that serve all endpoints; primaries: addresses to ask for the primary at port 5432 where there
    are no proxies; nodes: Citus's name of a node → an address that this program reaches its pool at (without them
    everything goes through the proxies, which is right and slower); user: the database role; password: None for libpq's
    PGPASSFILE; sslrootcert: a file with the cluster's CA; connections: at most so many to each place; direct: to the
    nodes' PostgreSQL instead of their pools, for a few processes only: these connections count against max_connections.
    """

    user: str
    sslrootcert: str
    proxies: tuple[str, ...] = ()
    primaries: tuple[str, ...] = ()
    nodes: dict[str, str] = field(default_factory=dict)
    password: str | None = field(default=None, repr=False)
    dbname: str = "camgrid"
    connections: int = 8
    direct: bool = False
    connect_timeout_s: int = 3

    def __post_init__(self) -> None:
        if not self.proxies and not self.primaries:
            raise UsageError("no address of the cluster", where="proxies", hint="name its proxies' addresses")
        if self.connections < 1:
            raise UsageError("a pool needs a connection", where="connections", hint="give 1 or more")

    @classmethod
    def from_inventory(cls, path: str | Path, role: str, region: str = MAIN_REGION) -> Settings:
        """The settings of an inventory's region. role: writer, reader, reporter or monitor."""
        # Ansible, which reads inventories, takes half a second to import: only who has one pays for it.
        from camgrid import endpoints, pki, secrets
        from camgrid.cli.app import App
        from camgrid.connect import DATABASE

        app = App(str(path))
        if role not in secrets.PASSWORD_ROLES:
            raise UsageError(f"no role {role}", where="role", hint=f"one of {', '.join(secrets.PASSWORD_ROLES)}")
        topology = app.topology
        return cls(
            user=secrets.logins(app.inventory)[role],
            sslrootcert=str(pki.directory(app.inventory) / "ca.crt"),
            proxies=tuple(endpoints.addresses(topology, region)),
            primaries=tuple(node.address for node in topology.group(0, region)),
            nodes={node.name: node.address for node in topology.nodes if node.region == region and topology.pooled},
            password=secrets.passwords(app.inventory)[role],
            dbname=DATABASE,
        )

    @classmethod
    def load(cls, source: str | Path | dict[str, Any]) -> Settings:
        """The settings in a dictionary or a file of JSON, as `camgrid endpoints --json` writes it.

        UsageError names what is missing or unknown.
        """
        where = "settings" if isinstance(source, dict) else str(source)
        try:
            given = source if isinstance(source, dict) else json.loads(Path(source).read_text())
            known = dict(given)
            for name in ("proxies", "primaries"):
                known[name] = tuple(known.get(name, ()))
            return cls(**known)
        except (OSError, TypeError, ValueError) as error:
            raise UsageError(
                str(error), where=where, hint="write it with: camgrid -i INVENTORY endpoints --json"
            ) from error

    def exported(self) -> dict[str, Any]:
        """The settings for a program without an inventory: what load() takes, without the password."""
        return {name: value for name, value in asdict(self).items() if name != "password"}

    def endpoint(self, name: str) -> dict[str, Any]:
        """libpq's parameters for an endpoint, a key of ENDPOINT_PORTS; without proxies, the primary's own."""
        if self.proxies:
            return self._parameters(self.proxies, ENDPOINT_PORTS[name]) | {"load_balance_hosts": "random"}
        return self._parameters(self.primaries, 5432) | {"target_session_attrs": "read-write"}

    def node(self, name: str) -> dict[str, Any]:
        """libpq's parameters for a node. name: a key of `nodes`."""
        return self._parameters((self.nodes[name],), 5432 if self.direct else POOL_PORT)

    def _parameters(self, hosts: tuple[str, ...], port: int) -> dict[str, Any]:
        password = {} if self.password is None else {"password": self.password}
        return password | {
            "host": ",".join(hosts),
            "port": ",".join([str(port)] * len(hosts)),
            "dbname": self.dbname,
            "user": self.user,
            "sslmode": "verify-full",
            "sslrootcert": self.sslrootcert,
            "sslcertmode": "disable",  # without this libpq would offer whatever lies in ~/.postgresql
            "connect_timeout": self.connect_timeout_s,
            # A host that vanished is noticed within seconds.
            "tcp_user_timeout": 5000,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "application_name": "camgrid router",
        }
