"""Steps of time: what a report is split by, from a minute to a year."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from camgrid.errors import UsageError

HOUR, DAY = 3600, 86400
CALENDAR = ("hour", "day", "week", "month", "year")
_SECONDS = {"s": 1, "m": 60, "h": HOUR, "d": DAY, "w": 7 * DAY}
_HINT = "want hour, day, week, month, year, or a length that divides an hour or a day, or days: 15m, 6h, 10d"
# A Monday: steps of whole days are counted from it.
ORIGIN = datetime(2001, 1, 1)
_LONGEST_DAYS = 3660


@dataclass(frozen=True)
class Step:
    """A unit of the calendar, or a length of time.

    unit: one of CALENDAR, or "" for a length; seconds: its length, of months and years the shortest.
    """

    name: str
    unit: str
    seconds: int

    @property
    def local(self) -> bool:
        """Whether periods begin at times of the clock; within an hour they are instants, so that none comes twice."""
        return self.seconds > HOUR

    @property
    def whole_days(self) -> bool:
        """Whether every period begins and ends at midnight."""
        return self.seconds >= DAY

    def begin(self, local: datetime) -> datetime:
        """The beginning of the period that a time of the clock, without zone, lies in."""
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        if self.unit == "year":
            return midnight.replace(month=1, day=1)
        if self.unit == "month":
            return midnight.replace(day=1)
        if self.unit == "week":
            return midnight - timedelta(days=midnight.weekday())
        if self.whole_days:
            return midnight - (midnight - ORIGIN) % timedelta(seconds=self.seconds)
        return local - (local - midnight) % timedelta(seconds=self.seconds)

    def after(self, begin: datetime) -> datetime:
        """The beginning of the period after the one that begins at `begin`, on the same clock."""
        if self.unit in ("month", "year"):
            return months_later(begin, 12 if self.unit == "year" else 1)
        return begin + timedelta(seconds=self.seconds)

    def count(self, length: timedelta) -> int:
        """How many periods a range of this length touches at most."""
        return int(length.total_seconds() // self.seconds) + 2


def step(text: str) -> Step:
    """The step that `hour`, `day`, …, or a length such as 15m, 6h or 10d means. Raises UsageError."""
    wanted = text.strip().lower()
    if wanted in CALENDAR:
        days = {"day": 1, "week": 7, "month": 28, "year": 365}
        return Step(wanted, wanted, days[wanted] * DAY if wanted in days else HOUR)
    match = re.fullmatch(r"(\d{1,6})([smhdw])", wanted)
    if not match:
        raise UsageError(f"{text!r} is no step of time", hint=_HINT)
    seconds = int(match[1]) * _SECONDS[match[2]]
    if not seconds:
        raise UsageError("a step of time must be longer than nothing", where=f"--by {text}", hint=_HINT)
    for name, length in (("hour", HOUR), ("day", DAY), ("week", 7 * DAY)):
        if seconds == length:
            return Step(name, name, length)
    fits = HOUR % seconds == 0 or (DAY % seconds == 0 and seconds % HOUR == 0) or seconds % DAY == 0
    if not fits or seconds > _LONGEST_DAYS * DAY:
        raise UsageError(f"{text} fits neither an hour nor a day evenly", where=f"--by {text}", hint=_HINT)
    return Step(wanted, "", seconds)


def months_later(when: datetime, months: int) -> datetime:
    """The same day and time some months later or, below zero, earlier; the month's last day where it is shorter.

    Raises UsageError beyond the years 1…9999.
    """
    year, month = divmod(when.year * 12 + when.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise UsageError(f"{when.isoformat()} cannot be shifted by {months} months", hint="choose another range")
    last = calendar.monthrange(year, month + 1)[1]
    return when.replace(year=year, month=month + 1, day=min(when.day, last))
