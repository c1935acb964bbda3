"""`camgrid report peaks`: which hours of the week are busiest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import sql

from camgrid.report.query import SUMS
from camgrid.report.scope import Scope, stream
from camgrid.report.steps import step

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
COLUMNS = ("weekday", "hour", *SUMS, "average")
HOUR = step("hour")


@dataclass(frozen=True)
class Peak:
    """Sums of one hour of the week. weekday: 0 is Monday; average: of total_count over these hours of the range."""

    weekday: int
    hour: int
    sums: tuple[int, ...]
    average: float | None

    def row(self) -> tuple:
        """In the order of COLUMNS."""
        return (DAYS[self.weekday], self.hour, *self.sums, self.average)


def peaks(connection: psycopg.Connection, scope: Scope) -> list[Peak]:
    """Every hour of the week that has results, in the order of the week."""
    choice = scope.choice(HOUR)
    clock = scope.sums(choice).clock()
    more = {
        "weekday": sql.SQL("extract(isodow FROM {})::integer").format(clock),
        "hour": sql.SQL("extract(hour FROM {})::integer").format(clock),
    }
    query = scope.sums(choice, more=more)
    found = list(stream(connection, query.select(), query.parameters()))
    hours = Counter(_hours(*_extent(connection, scope), scope))
    return [_peak(row, hours) for row in found]


def _peak(row: tuple, hours: Counter[tuple[int, int]]) -> Peak:
    weekday, hour, *sums = row
    times = hours[weekday - 1, hour]
    return Peak(weekday - 1, hour, tuple(sums), round(sums[2] / times, 1) if times else None)


def _extent(connection: psycopg.Connection, scope: Scope) -> tuple[datetime, datetime]:
    """From the first day to the last that has results in the range: days before and after it are no quiet ones."""
    days = scope.sums(scope.choice(step("day")), step("day"))
    query = sql.SQL("SELECT min(period), max(period) FROM ({}) AS found").format(days.select())
    first, last = connection.execute(query, days.parameters()).fetchone()
    if first is None:
        return scope.extent[0], scope.extent[0]
    zone = scope.wanted.range.zone or UTC
    begin = first.replace(tzinfo=zone) if first.tzinfo is None else first
    end = (last + timedelta(days=1)).replace(tzinfo=zone) if last.tzinfo is None else last + timedelta(days=1)
    return scope.wanted.range.clipped(begin.astimezone(UTC), end.astimezone(UTC))


def _hours(first: datetime, last: datetime, scope: Scope) -> Iterator[tuple[int, int]]:
    """Weekday and hour of every hour between two instants, on the clock of the report."""
    zone = scope.wanted.range.zone or UTC
    while first < last:
        local = first.astimezone(zone)
        yield local.weekday(), local.hour
        first += timedelta(hours=1)
