"""`camgrid report occupancy`: how many are inside, which is in minus out since the hour at which nobody is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import psycopg
from psycopg import sql

from camgrid.errors import UsageError
from camgrid.report.counts import period
from camgrid.report.plan import Choice
from camgrid.report.query import split_columns
from camgrid.report.ranges import Range, instant
from camgrid.report.scope import Scope, stream
from camgrid.report.steps import DAY, HOUR, Step


@dataclass(frozen=True)
class Request:
    """step: at most a day; reset_hour: on the report's clock, 0…23; per: of query.SPLITS; limit: rows at most."""

    step: Step
    reset_hour: int = 0
    per: Sequence[str] = ()
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.step.seconds > DAY or (self.step.seconds == DAY and self.reset_hour):
            raise UsageError(f"a step of {self.step.name} goes beyond the reset hour", hint="--by hour")
        if self.reset_hour * HOUR % min(self.step.seconds, DAY):
            hint = "--by hour, or a reset hour at which a step begins"
            raise UsageError(f"no step of {self.step.name} begins at {self.reset_hour}:00", hint=hint)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the answer's columns."""
        return ("period", *split_columns(self.per), "count_in", "count_out", "occupancy")


@dataclass
class Drift:
    """How often occupancy is below zero, which nobody can be, and where it is lowest."""

    times: int = 0
    lowest: int = 0
    row: tuple = ()

    def words(self) -> str:
        """What to tell the reader; empty when all is well."""
        if not self.times:
            return ""
        where = ", ".join(str(part) for part in self.row[:-3])
        return (
            f"occupancy is below zero in {self.times:,} rows, lowest {self.lowest:,} ({where}): more left than came, "
            "as it was counted. Cameras miss some who come, or people are inside at the reset hour: see --reset-hour"
        )


def choice(scope: Scope, request: Request) -> Choice:
    """Where it is read from."""
    return scope.choice(request.step, _since_reset(scope.wanted.range, request))


def rows(connection: psycopg.Connection, scope: Scope, request: Request, drift: Drift) -> Iterator[tuple]:
    """The answer row by row, in the order of request.columns; drift is filled on the way.

    What happened between the reset hour before the range and its beginning counts, too.
    """
    where = scope.wanted.range
    longer = _since_reset(where, request)
    sums = scope.sums(choice(scope, request), request.step, longer, per=request.per)
    keys = list(split_columns(request.per))
    query = sql.SQL(
        "WITH sums AS ({sums}) SELECT {columns}, count_in, count_out, (sum(count_in - count_out) OVER "
        "(PARTITION BY {partition} ORDER BY period))::bigint FROM sums ORDER BY {columns}"
    ).format(
        sums=sums.select(),
        columns=sql.SQL(", ").join(map(sql.Identifier, ["period", *keys])),
        partition=sql.SQL(", ").join([*map(sql.Identifier, keys), _day(longer, request)]),
    )
    parameters = sums.parameters() | {"reset": f"{request.reset_hour} hours"}
    shown = 0
    for found in stream(connection, query, parameters):
        row = (period(found[0], where), *found[1:])
        if where.start and row[0] < where.start:
            continue
        if row[-1] < 0:
            drift.times += 1
            if row[-1] < drift.lowest:
                drift.lowest, drift.row = row[-1], row
        shown += 1
        yield row
        if request.limit is not None and shown > request.limit:
            return


def _day(where: Range, request: Request) -> sql.Composable:
    """The day, begun at the reset hour, that a period belongs to."""
    instants = where.zone and not request.step.local
    clock = sql.SQL("period AT TIME ZONE %(timezone)s" if instants else "period")
    return sql.SQL("(({}) - %(reset)s::interval)::date").format(clock)


def _since_reset(where: Range, request: Request) -> Range:
    return replace(where, start=_reset_before(where, request.reset_hour)) if where.start else where


def _reset_before(where: Range, hour: int) -> datetime:
    """The last reset at or before the beginning of the range."""
    start: datetime = where.start
    local = start.astimezone(where.zone).replace(tzinfo=None) if where.zone else start.replace(tzinfo=None)
    begun = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    begun -= timedelta(days=1) if begun > local else timedelta()
    if where.zone:
        return instant(begun, where.zone)
    return begun.replace(tzinfo=start.tzinfo)
