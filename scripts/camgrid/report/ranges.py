"""Ranges of time: what --from and --to mean, in a zone or on each camera's own clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from camgrid.errors import UsageError
from camgrid.ingest.clock import instants
from camgrid.ingest.clock import zone as zone_of
from camgrid.report.steps import months_later

# --timezone that means each camera's own.
CAMERA = "camera"
_NO_TIME = "want ISO 8601, such as 2026-01-31 or 2026-01-31T08:00+01:00"
# Clocks are ahead of UTC by at most 14 hours and behind it by at most 12; one more for safety.
AHEAD, BEHIND = timedelta(hours=15), timedelta(hours=13)


@dataclass(frozen=True)
class Range:
    """From start on, before end; None is open. zone: None means each camera's own.

    Bounds without an offset, which only a range without a zone has, are times of each camera's clock.
    """

    zone: ZoneInfo | None
    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        if not self.start or not self.end:
            return
        if bool(self.start.tzinfo) != bool(self.end.tzinfo):
            raise UsageError("--from and --to want an offset both, or neither", where=f"--timezone {self.zone_name}")
        if self.start >= self.end:
            raise UsageError(
                f"--from {self.start.isoformat()} is not before --to {self.end.isoformat()}",
                hint="--to is the moment after the last one",
            )

    @property
    def zone_name(self) -> str:
        """The zone's IANA name, or "camera"."""
        return self.zone.key if self.zone else CAMERA

    def shown(self) -> tuple[str | None, str | None]:
        """Both bounds as ISO 8601, in the zone."""
        return _shown(self.start, self.zone), _shown(self.end, self.zone)

    def words(self) -> str:
        """The range for a reader."""
        first, last = self.shown()
        return f"between {first or 'the beginning'} and {last or 'the end'}"

    def clipped(self, first: datetime, last: datetime) -> tuple[datetime, datetime]:
        """Instants that certainly hold the range, as far as it lies within [first, last)."""
        start, end = outer(self.start, -AHEAD), outer(self.end, BEHIND)
        return max(first, start) if start else first, min(last, end) if end else last

    def shifted(self, by: str) -> Range:
        """The range a week, month or year before, by the calendar. UsageError when a bound is then no time."""
        try:
            return replace(self, start=_back(self.start, self.zone, by), end=_back(self.end, self.zone, by))
        except (OverflowError, ValueError, UsageError) as error:
            hint = "the month before has no such days; choose another range"
            raise UsageError(f"nothing lies a {by} before the range {self.words()}", hint=hint) from error


def moment(text: str, zone: ZoneInfo | None) -> datetime:
    """The instant that an ISO 8601 date or time means, in `zone` when it has no offset; without a zone as it is.

    Of a local time that happens twice the earlier one; one that is skipped means as much later as was skipped.
    Raises UsageError.
    """
    try:
        when = datetime.fromisoformat(text.strip())
        if when.tzinfo:
            return when.astimezone(UTC)
        if zone is None:
            when - AHEAD, when + BEHIND
            return when
        return instant(when, zone)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text!r} is no date or time", hint=_NO_TIME) from error


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a time without offset in a zone, as moment() has it. OverflowError beyond the years 1…9999."""
    found = instants(local, zone)
    return found[0] if found else local.replace(tzinfo=zone).astimezone(UTC)


def of(start: str | None, end: str | None, timezone: str) -> Range:
    """The range that --from, --to and --timezone mean. Raises UsageError."""
    zone = None if timezone == CAMERA else zone_of(timezone)
    return Range(zone, moment(start, zone) if start else None, moment(end, zone) if end else None)


def outer(bound: datetime | None, allowance: timedelta) -> datetime | None:
    """A bound as an instant; one of the cameras' clocks with the allowance that covers all zones."""
    if bound is None or bound.tzinfo:
        return bound
    return bound.replace(tzinfo=UTC) + allowance


def earlier(local: datetime, by: str) -> datetime:
    """The time of the clock a week, month or year before; in a shorter month its last day."""
    if by == "week":
        return local - timedelta(days=7)
    return months_later(local, -12 if by == "year" else -1)


def _back(bound: datetime | None, zone: ZoneInfo | None, by: str) -> datetime | None:
    if bound is None:
        return None
    if bound.tzinfo is None:
        return earlier(bound, by)
    where = zone or UTC
    local = earlier(bound.astimezone(where).replace(tzinfo=None), by)
    return instant(local, where) if isinstance(where, ZoneInfo) else local.replace(tzinfo=UTC)


def _shown(bound: datetime | None, zone: ZoneInfo | None) -> str | None:
    if bound is None:
        return None
    return (bound.astimezone(zone) if zone else bound).isoformat()
