"""What a host offers: room for data, room for WAL, memory, cores; and what the cluster's work takes of them."""

from __future__ import annotations

from dataclasses import dataclass

from camgrid import tuning
from camgrid.capacity.costs import CORE_S_A_READ, CORE_S_A_RESULT, CORE_S_A_STATEMENT
from camgrid.capacity.model import Workload
from camgrid.errors import UsageError

LAYOUTS = ("separate", "one", "raid1", "raid10")
GB = 10**9
MIB = 1024**2
# What a file system takes for itself.
_FILE_SYSTEM = 0.98
# camgrid rebalance and `shards isolate` refuse a move that would leave less of a disk free.
REBALANCE_FREE = 0.10
# WAL that a replica, or a slot of the other region, may hold back: max_slot_wal_keep_size of roles/patroni.
SLOT_KEEP = 8 * 1024**3
# The repository may be away for so long before WAL fills a drive: it waits, and is never dropped (docs/backups.md).
REPOSITORY_AWAY_S = 24 * 3600
# Of its cores a primary may be busy with so much: the rest is for vacuum, moves, reports and peaks.
BUSY = 0.5


@dataclass(frozen=True)
class Host:
    """A database host. drives, drive_bytes: its data drives; layout: one of LAYOUTS; memory: bytes; cores.

    separate: one drive for WAL, the others for data; one: a single drive for both; raid1, raid10: half of all drives'
    bytes, for both. headroom: part of the data's disk that stays free at all times.
    """

    drives: int = 2
    drive_bytes: int = 3840 * GB
    layout: str = "separate"
    memory: int = 128 * 1024**3
    cores: int = 16
    headroom: float = 0.3

    def check(self) -> Host:
        """Itself. UsageError for a host that cannot be."""
        least = {"separate": 2, "one": 1, "raid1": 2, "raid10": 4}
        if self.layout not in least:
            raise UsageError(f"{self.layout!r} is no layout of drives", hint=f"one of {', '.join(LAYOUTS)}")
        if self.drives < least[self.layout] or (self.layout == "one" and self.drives > 1):
            raise UsageError(f"{self.drives} drives cannot be {self.layout}", hint=f"it takes {least[self.layout]}")
        if self.layout in ("raid1", "raid10") and self.drives % 2:
            raise UsageError(f"{self.drives} drives cannot be mirrored in pairs", hint="an even number of --drives")
        if self.drive_bytes < 10 * GB:
            raise UsageError(f"a drive of {self.drive_bytes:,} bytes is too small", hint="such as --drive-size 3.84TB")
        if self.cores < 1 or self.memory < 1024 * MIB:
            raise UsageError("a host has at least one core and 1 GiB of memory")
        if not 0 <= self.headroom < 0.9:
            raise UsageError("headroom is at least 0% and below 90%", hint="such as --headroom 30%")
        return self

    @property
    def data_bytes(self) -> float:
        """Bytes of the file system for data."""
        parts = {"separate": self.drives - 1, "one": 1, "raid1": self.drives / 2, "raid10": self.drives / 2}
        return parts[self.layout] * self.drive_bytes * _FILE_SYSTEM

    @property
    def wal_drive_bytes(self) -> float | None:
        """Bytes of the file system for WAL alone; None where WAL lies beside the data."""
        return self.drive_bytes * _FILE_SYSTEM if self.layout == "separate" else None

    def wal_room(self, wal_a_second: float) -> float:
        """Bytes that WAL may come to on a primary that writes so many a second: max_wal_size, what a replica that is
        away holds back, and what waits while the repository is away for REPOSITORY_AWAY_S."""
        setting = str(tuning.postgresql(round(self.memory / MIB), self.cores, "nvme")["max_wal_size"])
        number, unit = int(setting[:-2]), setting[-2:]
        return number * (1024**3 if unit == "GB" else MIB) + SLOT_KEEP + wal_a_second * REPOSITORY_AWAY_S

    def limit(self, shard: float, month: float, wal_a_second: float) -> float:
        """Bytes of data that a group may hold.

        What stays free is the headroom or, if that is more, what work in progress needs: the tenth that a move must
        leave, a shard that arrives with all its months, and the copy of a month that is being archived.

        shard: bytes of the largest; month: bytes of a group's largest month.
        """
        free = max(self.headroom * self.data_bytes, REBALANCE_FREE * self.data_bytes + shard + month)
        beside = 0 if self.wal_drive_bytes is not None else self.wal_room(wal_a_second)
        return max(0.0, self.data_bytes - free - beside)

    @property
    def hot_limit(self) -> float:
        """Bytes of hot data that it keeps in memory: what PostgreSQL is told it may count on (effective_cache_size,
        three quarters in camgrid.tuning); the rest is for connections and the kernel."""
        return self.memory * 0.75


def cores_needed(work: Workload, month: int, reads: float) -> float:
    """Cores of primaries that the work keeps busy, divided by BUSY.

    core seconds = results x CORE_S_A_RESULT + statements x CORE_S_A_STATEMENT + reads x CORE_S_A_READ. From a lab whose
    two cores also ran the clients and the replicas, so real hosts need less: `camgrid bench` tells on them.
    """
    a_second = work.cameras_in(month) * work.rate
    events = work.events_in(month) / (365.25 / 12 * 86_400)
    busy = a_second * CORE_S_A_RESULT + (a_second / work.batch + events) * CORE_S_A_STATEMENT + reads * CORE_S_A_READ
    return busy / BUSY
