"""What the collector is told: the role's file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Host:
    """A host that is looked at. group: of its PostgreSQL, None without one; services: service → port, all with TLS."""

    host: str
    address: str
    region: str
    group: int | None
    analytics: bool
    services: dict[str, int]

    @property
    def labels(self) -> dict[str, str]:
        """What its metrics are labelled with."""
        return {"host": self.host, "region": self.region} | (
            {"citus_group": str(self.group)} if self.group is not None else {}
        )


@dataclass(frozen=True)
class Settings:
    """All that the collector has to know. cameras: how many of the busiest are named."""

    address: str
    port: int
    hosts: tuple[Host, ...]
    sharded: bool
    database: str
    user: str
    certificate: str
    ca_certificate: str
    interval_s: int
    cameras: int
    region_delay_s: int

    @property
    def nodes(self) -> list[Host]:
        """Hosts with PostgreSQL."""
        return [host for host in self.hosts if host.group is not None]

    @property
    def coordinators(self) -> list[Host]:
        """Hosts that may be the coordinator's primary, of all regions."""
        return [host for host in self.nodes if host.group == 0 and not host.analytics]

    @property
    def regions(self) -> list[str]:
        """The regions that have a coordinator."""
        return sorted({host.region for host in self.coordinators})


def load(path: Path) -> Settings:
    """Reads the role's file."""
    told = json.loads(path.read_text())
    return Settings(**told | {"hosts": tuple(Host(**host) for host in told["hosts"])})
