"""Whether the rollups can be read, and how fresh they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg

from camgrid.units import duration


@dataclass(frozen=True)
class Freshness:
    """state: "fresh", "behind", "stopped", or "absent" without rollups; the rest as rollup_health() has it."""

    state: str
    pending: int = 0
    refreshed_at: datetime | None = None
    lag_seconds: float | None = None
    complete_since: datetime | None = None

    @property
    def unusable(self) -> str:
        """Why a report does not read rollups; empty when it may."""
        if self.state == "absent":
            return "this database has no rollups"
        if self.state == "stopped":
            return "the job that keeps rollups has stopped"
        if self.complete_since:
            return f"results from before {self.complete_since:%Y-%m-%d} are not in the rollups yet"
        return ""

    def words(self) -> str:
        """How fresh they are, for a reader."""
        if self.refreshed_at is None:
            return "never refreshed"
        lag = f", {duration(self.lag_seconds)} behind" if self.lag_seconds else ""
        waiting = f", {self.pending:,} changes wait" if self.pending else ""
        return f"{self.state}{lag}{waiting}"


def freshness(connection: psycopg.Connection) -> Freshness:
    """How fresh the rollups are. Works where there are none."""
    there = "SELECT to_regclass('camgrid.counts_daily') IS NOT NULL AND to_regproc('camgrid.rollup_health') IS NOT NULL"
    if not connection.execute(there).fetchone()[0]:
        return Freshness("absent")
    query = "SELECT state, pending, refreshed_at, lag_seconds, complete_since FROM camgrid.rollup_health()"
    state, pending, refreshed_at, lag, since = connection.execute(query).fetchone()
    return Freshness(state, pending or 0, refreshed_at, None if lag is None else float(lag), since)


def extent(connection: psycopg.Connection) -> tuple[datetime, datetime] | None:
    """Instants that hold every result, from the months that there are; None without a month."""
    query = """
        SELECT min(start_date)::timestamp AT TIME ZONE 'UTC', max(end_date)::timestamp AT TIME ZONE 'UTC'
        FROM camgrid.list_partitions('counting_results')
    """
    first, last = connection.execute(query).fetchone()
    return (first, last) if first else None
