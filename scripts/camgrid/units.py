"""Quantities for people."""

from __future__ import annotations


def size(count: int) -> str:
    """Bytes in the binary unit that leaves a short number: 1536 → "1.5 KiB"."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def duration(seconds: float) -> str:
    """Seconds in the units that a person would say: 4 → "4 s", 90 → "1 min 30 s", 7260 → "2 h 1 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def long_duration(seconds: float) -> str:
    """As duration(), in days from two days on: 183600 → "2 d 3 h"."""
    days, rest = divmod(max(0, round(seconds)), 86400)
    if days < 2:
        return duration(seconds)
    hours = rest // 3600
    return f"{days:,} d {hours} h" if hours else f"{days:,} d"
