"""Where a report reads from: the daily or the hourly rollup where they answer exactly, raw rows otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from camgrid.errors import UsageError
from camgrid.report.ranges import Range
from camgrid.report.steps import HOUR, Step

RAW, HOURLY, DAILY = "raw", "hourly", "daily"
SOURCES = ("auto", RAW, HOURLY, DAILY)
# No rule of daylight saving is shorter than this.
_LOOK_EVERY = timedelta(hours=12)


@dataclass(frozen=True)
class Choice:
    """source: RAW, HOURLY or DAILY; why: one sentence that ends without a full stop."""

    source: str
    why: str


@dataclass(frozen=True)
class Question:
    """What the choice depends on.

    step: what is split by, None for one sum; zones: of the cameras that are asked for; extent: instants that hold
    all of the range; within_hour: the answer needs moments within an hour, which no rollup has.
    """

    range: Range
    step: Step | None
    zones: Sequence[str]
    extent: tuple[datetime, datetime]


def choose(question: Question, wanted: str = "auto", unusable: str = "") -> Choice:
    """The best source that answers exactly. unusable: why rollups cannot be read now, if so.

    wanted: one of SOURCES. UsageError when a source is wanted that cannot answer exactly.
    """
    refusals = {
        DAILY: unusable or _no_daily(question),
        HOURLY: unusable or no_hourly(question),
        RAW: "",
    }
    if wanted != "auto":
        if refusals[wanted]:
            hint = "leave --source out: the report then chooses by itself"
            raise UsageError(f"the {wanted} rollup cannot answer this exactly: {refusals[wanted]}", hint=hint)
        return Choice(wanted, "as asked for")
    source = next(source for source, refusal in refusals.items() if not refusal)
    if source == DAILY:
        return Choice(source, "whole days of the cameras' own zones")
    return Choice(source, f"whole hours; not daily: {refusals[DAILY]}" if source == HOURLY else refusals[HOURLY])


def _no_daily(question: Question) -> str:
    """Why the daily rollup cannot answer; empty when it can."""
    step, where = question.step, question.range
    if step and not step.whole_days:
        return f"a step of {step.name} is less than a day"
    bounds = [bound for bound in (where.start, where.end) if bound]
    if where.zone and (step or bounds):
        others = [name for name in question.zones if name != where.zone.key]
        if others:
            return f"days of {others[0]} are not those of {where.zone.key}"
    for bound in bounds:
        for name in question.zones:
            if (local := _local(bound, name)) is None:
                return f"the time zone {name} is not known here"
            if local.time() != datetime.min.time():
                return f"{bound.isoformat()} is not midnight in {name}"
    return ""


def no_hourly(question: Question) -> str:
    """Why the hourly rollup cannot answer; empty when it can."""
    step, where = question.step, question.range
    if step and step.seconds % HOUR:
        return f"a step of {step.name} is no whole number of hours"
    bounds = [bound for bound in (where.start, where.end) if bound]
    for name in question.zones:
        for bound in bounds:
            if (local := _local(bound, name)) is None:
                return f"the time zone {name} is not known here"
            if local.minute or local.second or local.microsecond:
                return f"{bound.isoformat()} is not a full hour in {name}"
        if not step and not bounds:
            continue
        parts = set(_minutes(name, question.extent))
        if len(parts) > 1:
            return f"{name} moved its hours by a part of an hour in the range"
        if where.zone and set(_minutes(where.zone.key, question.extent)) != parts:
            return f"hours of {name} are not those of {where.zone.key}"
    return ""


def _local(bound: datetime, name: str) -> datetime | None:
    """A bound on a zone's clock; None when the zone is not known."""
    if bound.tzinfo is None:
        return bound
    zone = _zone(name)
    return bound.astimezone(zone).replace(tzinfo=None) if zone else None


def _minutes(name: str, extent: tuple[datetime, datetime]) -> Iterator[int]:
    """Seconds past the full hour of a zone's offsets within an extent; -1 when the zone is not known."""
    zone = _zone(name)
    if zone is None:
        yield -1
        return
    moment, last = extent
    while moment < last:
        yield int(moment.astimezone(zone).utcoffset().total_seconds()) % HOUR
        moment += _LOOK_EVERY
    yield int(last.astimezone(zone).utcoffset().total_seconds()) % HOUR


def _zone(name: str) -> ZoneInfo | None:
    if name == "UTC":
        return ZoneInfo("UTC")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
