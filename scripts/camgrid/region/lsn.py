"""Positions in PostgreSQL's log: numbers here and in Patroni, text for people and for PostgreSQL."""

from __future__ import annotations


def text(position: int | None) -> str | None:
    """A position as PostgreSQL writes it, such as 0/3000148."""
    return None if position is None else f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


def number(position: str) -> int:
    """The position that a text such as 0/3000148 is."""
    high, low = position.split("/")
    return (int(high, 16) << 32) + int(low, 16)
