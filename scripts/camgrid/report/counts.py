"""`camgrid report counts`: results summed by time and by camera, site or zone of view."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from camgrid.errors import UsageError
from camgrid.ingest.clock import instants
from camgrid.report.query import SUMS, split_columns
from camgrid.report.ranges import Range, earlier, instant
from camgrid.report.scope import Scope, stream
from camgrid.report.steps import Step, months_later

COMPARED = ("week", "month", "year")
# A comparison is put together in memory.
MOST_COMPARED = 200_000


@dataclass(frozen=True)
class Request:
    """step: split by time; per: of query.SPLITS; limit: rows at most; compare: of COMPARED."""

    step: Step | None = None
    per: Sequence[str] = ()
    limit: int | None = None
    compare: str | None = None

    def __post_init__(self) -> None:
        if not self.compare or not self.step:
            return
        name, days = self.step.name, self.step.seconds // 86400
        longer = {"week": days > 7, "month": days >= 28 and self.step.unit != "month", "year": False}[self.compare]
        if longer or (not self.step.unit and days):
            raise UsageError(f"steps of {name} do not line up with those a {self.compare} before", hint="--by day")

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the columns that sums are split by."""
        return (*(["period"] if self.step else []), *split_columns(self.per))

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the answer's columns: keys, sums, and for a comparison what was before."""
        before = ("total_before", "difference", "percent") if self.compare else ()
        return (*self.keys, *SUMS, *before)


def rows(connection: psycopg.Connection, scope: Scope, request: Request) -> Generator[tuple, None, None]:
    """The answer, row by row, in the order of request.columns; one more row than the limit when there is more.

    Periods are datetimes in the range's zone; without offset where each camera's own clock counts.
    """
    if request.compare:
        yield from _compared(connection, scope, request)
    else:
        yield from _sums(connection, scope, request, scope.wanted.range, request.limit)


def _sums(
    connection: psycopg.Connection, scope: Scope, request: Request, where: Range, limit: int | None = None
) -> Iterator[tuple]:
    query = scope.sums(scope.choice(request.step, where), request.step, where, per=request.per)
    parameters = query.parameters() | {"limit": None if limit is None else limit + 1}
    for row in stream(connection, query.select(limit=True), parameters):
        yield (period(row[0], where), *row[1:]) if request.step else row


def period(found: datetime, where: Range) -> datetime:
    """The beginning of a period as the database has it, in the range's zone."""
    if where.zone is None:
        return found
    return (found if found.tzinfo else instant(found, where.zone)).astimezone(where.zone)


def before(where: Range, request: Request) -> Range:
    """The range to compare with. By week it is a whole number of weeks earlier, so that weekdays meet weekdays.

    UsageError when the range is open or there is no such time.
    """
    if where.start is None or where.end is None:
        raise UsageError("a comparison needs both ends of the range", hint="add --from and --to")
    if not (weeks := _weeks(request)):
        return where.shifted(str(request.compare))
    for _ in range(weeks):
        where = where.shifted("week")
    return where


def clamped(where: Range, request: Request) -> str:
    """What to tell when the month before is shorter than the range's; empty when it is not."""
    if _weeks(request) or where.start is None or where.end is None:
        return ""
    local = [
        bound.astimezone(where.zone) if where.zone and bound.tzinfo else bound for bound in (where.start, where.end)
    ]
    days = [bound.day for bound in local if earlier(bound.replace(tzinfo=None), str(request.compare)).day != bound.day]
    return f"the month compared with has no day {days[0]}: its last day is taken" if days else ""


def _weeks(request: Request) -> int:
    """By how many whole weeks a comparison shifts; 0 when it goes by the calendar."""
    by_week = request.step is not None and request.step.unit == "week"
    return {"week": 1, "month": 4 if by_week else 0, "year": 52 if by_week else 0}[str(request.compare)]


def _compared(connection: psycopg.Connection, scope: Scope, request: Request) -> Iterator[tuple]:
    where = scope.wanted.range
    past = before(where, request)
    now = {row[: len(request.keys)]: row[len(request.keys) :] for row in _sums(connection, scope, request, where)}
    then = {}
    for row in _sums(connection, scope, request, past):
        if (key := _later(row[: len(request.keys)], where, request)) is not None:
            then[key] = row[len(request.keys) + 2]
    ordered = sorted(now.keys() | then.keys(), key=lambda key: tuple((part is None, part) for part in key))
    for key in ordered[: None if request.limit is None else request.limit + 1]:
        sums, total_before = now.get(key), then.get(key)
        total = sums[2] if sums else None
        yield (*key, *(sums or (None,) * len(SUMS)), total_before, *_change(total, total_before))


def _change(total: int | None, total_before: int | None) -> tuple[int | None, float | None]:
    """The difference, and how many per cent of what was before it is; None where there is nothing to compare."""
    if total is None or total_before is None:
        return None, None
    return total - total_before, round(100 * (total - total_before) / total_before, 1) if total_before else None


def _later(key: tuple, where: Range, request: Request) -> tuple | None:
    """The key of now that a key of before belongs to; None when there is none, such as for a 29th of February.

    An hour that comes twice is compared once, and one that daylight saving skips not at all.
    """
    if not request.step:
        return key
    local = key[0].replace(tzinfo=None, fold=0)
    if weeks := _weeks(request):
        later = local + timedelta(weeks=weeks)
    else:
        later = months_later(local, 12 if request.compare == "year" else 1)
        if earlier(later, str(request.compare)) != local:
            return None
    if where.zone is None:
        return (later, *key[1:])
    skipped = not request.step.whole_days and not instants(later, where.zone)
    return None if key[0].fold or skipped else (period(later, where), *key[1:])
