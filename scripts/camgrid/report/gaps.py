"""`camgrid report gaps`: times without results, camera by camera."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from camgrid import queries
from camgrid.errors import UsageError
from camgrid.report import plan
from camgrid.report.scope import Scope, stream
from camgrid.report.steps import HOUR, Step

COLUMNS = ("camera_id", "camera_name", "site", "gap_from", "gap_to", "length")
_KNOWN = "SELECT id, name, site, active FROM camgrid.cameras WHERE %(all)s OR id = ANY(%(ids)s)"


@dataclass(frozen=True)
class Request:
    """step: what one result fills, at most an hour; least: the shortest gap; longest_first: else by camera and time."""

    step: Step
    least: timedelta
    limit: int | None = None
    longest_first: bool = False

    def __post_init__(self) -> None:
        if self.step.seconds > HOUR:
            raise UsageError(f"a step of {self.step.name} is too long to look for gaps", hint="--by hour or shorter")


def choice(scope: Scope, request: Request) -> plan.Choice:
    """Where gaps are looked for. Hours are those of each camera's own clock: only bounds may need raw rows."""
    if any(bound and bound.tzinfo is None for bound in (scope.wanted.range.start, scope.wanted.range.end)):
        raise UsageError("gaps are looked for between two instants", hint="name a --timezone, or give times an offset")
    question = plan.Question(scope.wanted.range, None, scope.cameras.zones, scope.extent)
    unusable = scope.freshness.unusable or plan.no_hourly(question)
    if request.step.seconds < HOUR:
        unusable = f"a step of {request.step.name} is less than an hour"
    found = plan.choose(
        plan.Question(scope.wanted.range, request.step, (), scope.extent), scope.wanted.source, unusable
    )
    return plan.Choice(found.source, "whole hours" if found.source == plan.HOURLY else found.why)


def rows(
    connection: psycopg.Connection, scope: Scope, request: Request, now: datetime | None = None
) -> Iterator[tuple]:
    """The gaps, in the order of COLUMNS; times in the range's zone. An open end is now, an open beginning no gap.

    Active cameras that sent nothing at all in the range come last, with the whole range.
    """
    where, zone = scope.wanted.range, scope.wanted.range.zone or UTC
    last = where.end or (now or datetime.now(UTC)).replace(minute=0, second=0, microsecond=0)
    known = {row[0]: row[1:] for row in connection.execute(_KNOWN, _ids(scope)).fetchall()}
    quiet = {camera for camera, about in known.items() if about[2]}
    count = 0
    for camera, first, after in stream(connection, _query(scope, request), _parameters(scope, request, last)):
        quiet.discard(camera)
        if first is not None and not _full(count, request):
            count += 1
            yield (camera, *known.get(camera, (None, None))[:2], *_shown(first, after, zone))
    for camera in sorted(quiet):
        if not _full(count, request) and (where.start is None or last - where.start >= request.least):
            count += 1
            yield (camera, *known[camera][:2], *_shown(where.start, last, zone))


def _full(count: int, request: Request) -> bool:
    # One more than the limit tells that there are more.
    return request.limit is not None and count > request.limit


def _shown(first: datetime | None, after: datetime, zone: Any) -> tuple:
    if first is None:
        return None, after.astimezone(zone), None
    return first.astimezone(zone), after.astimezone(zone), after - first


def _query(scope: Scope, request: Request) -> sql.Composed:
    found = choice(scope, request)
    sums = scope.sums(found)
    if found.source == plan.HOURLY:
        slot, join = "r.hour", ""
    elif request.step.seconds == HOUR:
        slot = "date_trunc('hour', r.\"timestamp\", coalesce(c.timezone, 'UTC'))"
        join = "LEFT JOIN camgrid.cameras AS c ON c.id = r.camera_id"
    else:
        slot, join = "date_bin(%(step)s, r.\"timestamp\", '2001-01-01Z')", ""
    return sql.SQL(queries.text("report_gaps")).format(
        slot=sql.SQL(slot),
        table=sums.table(),
        join=sql.SQL(join),
        conditions=sums.conditions(),
        order=sql.SQL("gap_to - gap_from DESC NULLS FIRST, 1, 2" if request.longest_first else "1, 2"),
    )


def _parameters(scope: Scope, request: Request, last: datetime) -> dict[str, Any]:
    length = timedelta(seconds=request.step.seconds)
    first = scope.wanted.range.start
    return scope.sums(choice(scope, request)).parameters() | {
        "step": length,
        "first": first,
        "last": last,
        "least": max(request.least, length),
    }


def _ids(scope: Scope) -> dict[str, Any]:
    return {"all": scope.cameras.ids is None, "ids": scope.cameras.ids or []}
