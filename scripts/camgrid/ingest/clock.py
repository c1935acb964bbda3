"""Timestamps: ISO 8601 with an offset as they are, without one as local times of a zone.

A local time that daylight saving skips is no instant: it is rejected. One that happens twice means the
earlier instant when a camera's zone has it for the first time in the file, the later one the second time,
and nothing the third time. `Stamps` leaves that choice, an `Ambiguous`, to the one who sees the rows.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from camgrid.errors import UsageError
from camgrid.ingest.fields import Bad, Cache, short

# No camera counted before; it also keeps a garbled year from asking for a partition.
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

NO_OFFSET = Bad("timestamp has no offset: give --timezone")


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name such as Australia/Melbourne. UsageError when there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise UsageError(f"unknown time zone {name!r}", hint="want a name such as Australia/Melbourne") from error


def duration(text: str) -> timedelta:
    """The time that a text such as 90s, 5m, 2h or 1d means. UsageError when it means none."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", text.strip())
    if not match:
        raise UsageError(f"{text!r} is no duration", hint="want a number and s, m, h or d, such as 5m")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def instants(local: datetime, where: ZoneInfo) -> tuple[datetime, ...]:
    """The instants, in UTC and in order, at which a naive local time happens: none, one or two.

    Raises OverflowError beyond the years 1…9999.
    """
    found = []
    for fold in (0, 1):
        instant = local.replace(tzinfo=where, fold=fold).astimezone(UTC)
        if instant.astimezone(where).replace(tzinfo=None, fold=0) == local and instant not in found:
            found.append(instant)
    return tuple(found)


def _shown(local: datetime) -> str:
    return local.isoformat(timespec="auto" if local.second or local.microsecond else "minutes")


class Ambiguous(NamedTuple):
    """A local time that happens twice, and what each of its instants is."""

    local: datetime
    choices: tuple[str | Bad, ...]

    def choice(self, turn: int) -> str | Bad:
        """What the row means that is number `turn`, from 0, with this local time."""
        if turn < len(self.choices):
            return self.choices[turn]
        when = _shown(self.local)
        return Bad(f"local time {when} happens only twice, and the camera's zone has it a third time")


class Months:
    """The partitions there are. make: take rows of any month and note the missing ones, instead of rejecting."""

    def __init__(self, ranges: list[tuple[date, date]], make: bool = False) -> None:
        """ranges: first day and day after the last of each partition, in UTC."""
        self._make = make
        self.made(ranges)

    def made(self, ranges: list[tuple[date, date]]) -> None:
        """Takes note of the partitions there are now; none is missing any more."""
        self._ranges, self.missing = ranges, set[date]()
        self._refusals = Cache(self._refusal)

    def refusal(self, instant: datetime) -> Bad | None:
        """Why a row of this instant cannot be stored, or None."""
        return self._refusals[instant.date()]

    def _refusal(self, day: date) -> Bad | None:
        if any(first <= day < after for first, after in self._ranges):
            return None
        if self._make:
            self.missing.add(day.replace(day=1))
            return None
        return Bad(f"no partition for {day:%Y-%m}: --make-partitions makes it")


class Stamps:
    """Reads timestamps. Called with a field it returns the instant as PostgreSQL reads it, or why not."""

    def __init__(self, where: ZoneInfo | None, latest: datetime, months: Months) -> None:
        """where: zone of the local times, if any; latest: what is after it lies in the future."""
        self._zone, self._latest, self._months = where, latest, months

    def __call__(self, text: str | None) -> str | Bad | Ambiguous:
        text = (text or "").strip()
        if not text:
            return Bad("timestamp is empty")
        try:
            when = datetime.fromisoformat(text)
            if when.tzinfo:
                return self._placed(when.astimezone(UTC))
            if self._zone is None:
                return NO_OFFSET
            found = instants(when, self._zone)
        except ValueError:
            return Bad(f"timestamp is not ISO 8601: {short(text)}")
        except OverflowError:
            return Bad(f"timestamp is out of range: {short(text)}")
        if not found:
            return Bad(f"local time {_shown(when)} does not exist in {self._zone.key} (daylight saving skips it)")
        placed = tuple(self._placed(instant) for instant in found)
        return placed[0] if len(placed) == 1 else Ambiguous(when, placed)

    def _placed(self, instant: datetime) -> str | Bad:
        if instant > self._latest:
            return Bad(f"timestamp lies in the future: {instant.isoformat()}")
        if instant < _EARLIEST:
            return Bad(f"timestamp is before 1970: {instant.isoformat()}")
        return self._months.refusal(instant) or instant.isoformat(" ")
