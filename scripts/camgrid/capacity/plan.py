"""How many worker groups the work takes, month by month, and when the next one is due."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from camgrid.capacity.backups import Repository, repository
from camgrid.capacity.costs import Costs
from camgrid.capacity.hardware import Host, cores_needed
from camgrid.capacity.model import Bytes, Workload, held, hot_bytes, month_bytes, wal_bytes
from camgrid.capacity.quantities import MONTH_S
from camgrid.errors import UsageError

# Citus's own, and what camgrid's tables get unless patroni_parameters say otherwise.
DEFAULT_SHARDS = 32
# With more nothing was tried here; every statement over all cameras goes to each of them, in each month.
MOST_SHARDS = 256
# As far as anybody can see; a worker that is due later is not announced.
FARTHEST = 120


@dataclass(frozen=True)
class Need:
    """What one month takes. workers: groups, by what asks for them: disk, cores, memory; stored: at its end."""

    month: int
    cameras: float
    stored: Bytes
    wal: float
    workers_by: dict[str, int]

    @property
    def workers(self) -> int:
        """Worker groups: as many as the scarcest thing asks for."""
        return max(self.workers_by.values())

    @property
    def why(self) -> str:
        """What asks for the most of them; disk before cores before memory where they ask for as many."""
        return max(self.workers_by, key=lambda reason: self.workers_by[reason])


def share(workers: int, shards: int) -> float:
    """The part of all data that the fullest of so many groups has: whole shards, as even as can be."""
    return math.ceil(shards / workers) / shards


def shards_for(workers: int, cores: int, cameras: float) -> int:
    """Shards of a table for so many groups at the end: a power of two, to be split evenly, and hardly changed later.

    One for each core of all primaries, so that a report keeps all of them busy, at least DEFAULT_SHARDS, at most
    MOST_SHARDS and no more than cameras.
    """
    wanted = max(DEFAULT_SHARDS, min(workers * cores, MOST_SHARDS))
    most = 2 ** math.floor(math.log2(max(1, cameras)))
    return min(2 ** math.ceil(math.log2(wanted)), most)


@dataclass(frozen=True)
class Planned:
    """A cluster for a workload. shards: of each table; reads: a second; kept: full backups; lasts: months for which the
    first purchase is to be enough; workers: groups that there are already, None where none are."""

    work: Workload
    costs: Costs
    host: Host
    shards: int
    reads: float = 0
    kept: int = 4
    lasts: int = 12
    workers: int | None = None

    def need(self, month: int) -> Need:
        """What a month takes. UsageError where even a group for each shard would not do."""
        stored = held(self.work, self.costs, month, self.shards)
        wal = wal_bytes(self.work, self.costs, month)
        newest = month_bytes(self.work, self.costs, month, self.shards).total
        cores, hot = cores_needed(self.work, month, self.reads), hot_bytes(self.work, self.costs, month)
        found = {}
        for reason, fits in {
            "disk": lambda part: (
                stored.total * part <= self.host.limit(stored.total / self.shards, newest * part, wal * part / MONTH_S)
                and self._wal_fits(wal * part / MONTH_S)
            ),
            "cores": lambda part: cores * part <= self.host.cores,
            "memory": lambda part: hot * part <= self.host.hot_limit,
        }.items():
            enough = next((each for each in range(1, self.shards + 1) if fits(share(each, self.shards))), None)
            if enough is None:
                raise UsageError(
                    f"no number of such hosts has enough {reason} in month {month}: a group holds at least one of"
                    f" {self.shards} shards",
                    hint="larger hosts, or more --shards",
                )
            found[reason] = enough
        return Need(month, self.work.cameras_in(month), stored, wal, found)

    def _wal_fits(self, a_second: float) -> bool:
        """Whether the WAL drive, where there is one, takes what may come together on it."""
        drive = self.host.wal_drive_bytes
        return drive is None or self.host.wal_room(a_second) <= drive * (1 - self.host.headroom)

    @cached_property
    def bought(self) -> int:
        """Worker groups to begin with: those that are there, or enough for the first `lasts` months."""
        return self.workers or max(self.need(month).workers for month in range(self.lasts + 1))

    @cached_property
    def due(self) -> Need | None:
        """The first month that those are not enough for; None when they are for FARTHEST months."""
        return next((need for need in self._months() if need.workers > self.bought), None)

    @cached_property
    def full(self) -> Need:
        """The first month in which as many are stored as are kept, and not before the first purchase ends."""
        return self.need(max(self.lasts, self.work.retention))

    def _months(self) -> Iterator[Need]:
        for month in range(FARTHEST + 1):
            try:
                yield self.need(month)
            except UsageError:
                if month == 0:
                    raise
                return  # what these hosts cannot hold at all is said when it is asked for

    @cached_property
    def repository(self) -> Repository:
        """Backups in the month of `full`."""
        return repository(self.work, self.costs, self.full.month, self.shards, self.kept)


def plan(
    work: Workload, costs: Costs, host: Host, *, shards: int | None = None, **options: int | float | None
) -> Planned:
    """A plan, with as many shards as shards_for says unless they are given. options: Planned's."""
    work.check()
    host.check()
    if shards is not None:
        if shards < 1 or shards & (shards - 1):
            raise UsageError(f"{shards} shards: a power of two is split and spread evenly", hint="such as --shards 64")
        return Planned(work, costs, host, shards, **options)  # type: ignore[arg-type]
    shards = shards_for(1, 1, work.cameras)
    # More shards take a little more room, which may take one worker more, and so on: it ends, as they only grow.
    while True:
        tried = Planned(work, costs, host, shards, **options)  # type: ignore[arg-type]
        try:
            wanted = shards_for(max(tried.full.workers, tried.bought), host.cores, work.cameras)
        except UsageError:
            wanted = 2 * shards
            if wanted > min(MOST_SHARDS, work.cameras):
                raise
        wanted = max(shards, wanted)
        if wanted == shards:
            return tried
        shards = wanted
