"""Bars on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.bar import Bar
from rich.markup import escape
from rich.table import Table

from camgrid.console import out

_WIDTH = 50


def plot(rows: Iterable[tuple], columns: Sequence[str], figure: str) -> int:
    """A bar for every row, as long as its figure; returns how many there were. Below zero it grows to the left."""
    place = columns.index(figure)
    labels = [number for number, name in enumerate(columns) if number < place and not name.startswith("count_")]
    shown = [([_label(row[number]) for number in labels], row[place]) for row in rows]
    if not shown:
        return 0
    values = [value or 0 for _, value in shown]
    lowest, highest = min(0, *values), max(0, *values)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number in labels:
        table.add_column(columns[number].replace("_", " "), overflow="fold")
    table.add_column(figure.replace("_", " "), justify="right")
    table.add_column("", width=_WIDTH, no_wrap=True)
    for label, value in shown:
        begin, end = sorted((0 - lowest, (value or 0) - lowest))
        bar = Bar(
            size=max(highest - lowest, 1),
            begin=begin,
            end=end,
            width=_WIDTH,
            color="red" if (value or 0) < 0 else "blue",
        )
        table.add_row(*label, "-" if value is None else f"{value:,}", bar)
    out.print(table)
    return len(shown)


def _label(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ", timespec="minutes")
    return "-" if value is None else escape(str(value))
