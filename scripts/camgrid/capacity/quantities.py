"""What people write on the command line: rates, times and sizes."""

from __future__ import annotations

import re

from camgrid.errors import UsageError

DAY_S = 86_400
# A mean month: 365.25 / 12 days.
MONTH_S = 365.25 / 12 * DAY_S
MONTH_DAYS = MONTH_S / DAY_S
MONTH_HOURS = MONTH_S / 3600

_RATE_UNITS = {"s": 1, "min": 60, "h": 3600, "d": DAY_S}
# What a drive's label says, and what PostgreSQL and the kernel say.
_SIZE_UNITS = {"": 1, "B": 1} | {
    f"{letter}{suffix}": base**power
    for power, letter in enumerate("kMGTP", start=1)
    for suffix, base in (("B", 1000), ("iB", 1024))
}
_SIZE_UNITS |= {"KB": 1000, "KiB": 1024}


def rate(text: str) -> float:
    """A rate such as 1/s, 6/min, 0.5/h or 24/d, as times a second. UsageError for anything else, and for none."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*/\s*([a-z]+)", text.strip())
    if not found or found[2] not in _RATE_UNITS:
        raise UsageError(f"{text!r} is no rate", hint=f"such as 1/s, 6/min or 1/h; units: {', '.join(_RATE_UNITS)}")
    return float(found[1]) / _RATE_UNITS[found[2]]


def months(text: str) -> int:
    """A time of whole months: 24mo or 2y. UsageError for anything else."""
    found = re.fullmatch(r"(\d+)\s*(mo|y)", text.strip())
    if not found:
        raise UsageError(f"{text!r} is no number of months", hint="such as 24mo or 2y: tables are kept by whole months")
    return int(found[1]) * (12 if found[2] == "y" else 1)


def size(text: str) -> int:
    """Bytes of 3.84TB (decimal, as drives are sold), 64GiB (binary) or 500MB. UsageError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", text.strip())
    if not found or found[2] not in _SIZE_UNITS:
        raise UsageError(f"{text!r} is no size", hint="such as 3.84TB (decimal) or 64GiB (binary)")
    return round(float(found[1]) * _SIZE_UNITS[found[2]])


def percent(text: str) -> float:
    """30 or 30% as 0.3. UsageError unless it is a number."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%?", text.strip())
    if not found:
        raise UsageError(f"{text!r} is no percentage", hint="such as 30%")
    return float(found[1]) / 100
