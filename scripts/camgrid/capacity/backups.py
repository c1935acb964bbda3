"""What the repository of backups takes: full and differential backups, and WAL."""

from __future__ import annotations

from dataclasses import dataclass

from camgrid.capacity.costs import Costs
from camgrid.capacity.model import Bytes, Workload, held, month_bytes, rollup_bytes, wal_bytes
from camgrid.capacity.quantities import MONTH_DAYS

# roles/pgbackrest: a full backup on Sundays, a differential one on other nights.
FULL_EVERY_DAYS = 7
# Days since the full one, summed over its differential ones: 1 + 2 + … + 6.
_DIFFERENTIAL_DAYS = sum(range(1, FULL_EVERY_DAYS))


@dataclass(frozen=True)
class Repository:
    """Bytes in the repository of backups, of one copy of the cluster."""

    full: float
    differential: float
    wal: float
    kept: int

    @property
    def total(self) -> float:
        """All of it, just before the oldest full backup goes: one more than are kept."""
        return (self.kept + 1) * (self.full + self.differential + self.wal)


def compressed(stored: Bytes, costs: Costs) -> float:
    """Bytes in the repository: tables x backup_tables, indexes x backup_indexes, columnar tables as they are."""
    if costs.backup_all is not None:
        return stored.total * costs.backup_all
    indexes = stored.indexes + stored.archive_indexes
    tables = stored.total - indexes - stored.archive
    return tables * costs.backup_tables + indexes * costs.backup_indexes + stored.archive


def repository(work: Workload, costs: Costs, month: int, shards: int, kept: int) -> Repository:
    """What backups take at the end of a month; kept: full backups, with their differential ones and their WAL.

    full: what is stored, compressed. differential: of each week, what came since its full backup, once for each day
    that has passed, and, one week of the month's, the archived month in half of that week's. wal: a week's x wal_ratio.
    """
    full = compressed(held(work, costs, month, shards), costs)
    new = month_bytes(work, costs, month, shards) + Bytes(rollups=rollup_bytes(work, costs, month))
    differential = compressed(new, costs) / MONTH_DAYS * _DIFFERENTIAL_DAYS
    if work.archive_after is not None and month + work.history > work.archive_after:
        cold = month_bytes(work, costs, month - work.archive_after, shards, archived=True)
        differential += compressed(cold, costs) * (FULL_EVERY_DAYS - 1) / 2 * FULL_EVERY_DAYS / MONTH_DAYS
    wal = wal_bytes(work, costs, month) / MONTH_DAYS * FULL_EVERY_DAYS * costs.wal_ratio
    return Repository(full, differential, wal, kept)
