"""What is to be bought: hosts by their part, with cores, memory and drives."""

from __future__ import annotations

import math
from dataclasses import dataclass

from camgrid.capacity.hardware import GB
from camgrid.capacity.plan import Planned
from camgrid.errors import UsageError

# What memory is sold in, GiB.
_MEMORY = (8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)
# etcd and the proxies want a host that others do not fail with, not a large one; etcd syncs to disk.
_SERVICE = {"cores": 4, "memory_bytes": 16 * 1024**3, "drive_bytes": 480 * GB}
SERVICES = 3


@dataclass(frozen=True)
class Copies:
    """replicas: of each group in the first region; regions: 1 or 2, the second with one member of each group."""

    replicas: int = 1
    regions: int = 1

    @property
    def of_data(self) -> int:
        """How often every row is stored."""
        return 1 + self.replicas + (self.regions - 1)


def memory_for(hot: float) -> int | None:
    """Bytes of the smallest memory that is sold and keeps so many hot bytes (Host.hot_limit); None beyond all."""
    return next((size * 1024**3 for size in _MEMORY if hot <= size * 1024**3 * 0.75), None)


def hosts_of(workers: int, copies: Copies) -> int:
    """Servers for so many worker groups."""
    first = (1 + workers) * (1 + copies.replicas) + 1 + SERVICES
    return first + (copies.regions - 1) * (1 + workers + 1)


def workers_for(hosts: int, copies: Copies) -> int:
    """Worker groups that so many servers make. UsageError when they do not make one."""
    workers = 0
    while hosts_of(workers + 1, copies) <= hosts:
        workers += 1
    if not workers:
        raise UsageError(
            f"{hosts} servers make no cluster of worker groups: the smallest has {hosts_of(1, copies)}",
            hint="more --hosts, fewer --replicas, or one group without shards (phase read_scaling, docs/growing.md)",
        )
    return workers


def table(planned: Planned, copies: Copies, hot: float) -> list[dict]:
    """The hardware table: one row for each part, hosts of the first purchase. hot: bytes of a group's hot data."""
    host, workers = planned.host, planned.bought
    database = {
        "cores": host.cores,
        "memory_bytes": host.memory,
        "drives": host.drives,
        "drive_bytes": host.drive_bytes,
    }
    wanted = memory_for(hot)
    enough = f", {wanted // 1024**3} GiB would do" if wanted and wanted < host.memory else ""
    groups = "1 group" if workers == 1 else f"{workers} groups"
    services = {**_SERVICE, "drives": 1}
    repository = planned.repository.total / (1 - host.headroom)
    rows = [
        {
            "part": "worker groups",
            "hosts": workers * (1 + copies.replicas),
            **database,
            "why": f"{groups} of {1 + copies.replicas}, {host.layout}; hot data {hot / GB:,.0f} GB a group{enough}",
        },
        # It plans for all and holds no shard: half a worker's memory, smaller drives.
        {
            "part": "coordinator",
            "hosts": 1 + copies.replicas + 1,
            "cores": host.cores,
            "memory_bytes": max(16 * 1024**3, host.memory // 2),
            "drives": min(2, host.drives),
            "drive_bytes": min(host.drive_bytes, 960 * GB),
            "why": f"a group of {1 + copies.replicas}, and a replica for reports",
        },
        {"part": "services", "hosts": SERVICES - 1, **services, "why": "etcd, proxies"},
        {
            "part": "backups",
            "hosts": 1,
            "cores": 8,
            "memory_bytes": 32 * 1024**3,
            "drives": max(1, math.ceil(repository / host.drive_bytes)),
            "drive_bytes": host.drive_bytes,
            "why": f"the third etcd; repository of {planned.repository.total / GB:,.0f} GB and the headroom",
        },
    ]
    if copies.regions > 1:
        rows += [
            {"part": "second region, workers", "hosts": workers, **database, "why": "one member of each group"},
            {**rows[1], "part": "second region, coordinator", "hosts": 1, "why": "one member"},
            {"part": "second region, services", "hosts": 1, **services, "why": "etcd, proxy"},
        ]
    return rows
