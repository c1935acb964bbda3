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
