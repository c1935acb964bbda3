"""Rounds: in each, every way has its turn, so that what else the machine does meets all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from camgrid.bench.bed import Bed
from camgrid.bench.data import Span
from camgrid.bench.ground import Ground, Home
from camgrid.bench.pgbench import Figures
from camgrid.bench.result import Figure
from camgrid.console import say


@dataclass
class Run:
    """One run of benchmarks. seconds: of each turn; clients: connections of each way."""

    bed: Bed
    ground: Ground
    homes: list[Home]
    rows: Span
    rounds: int
    seconds: int
    clients: int


def turns(rounds: int, each: Sequence[tuple[Figure, Callable[[int], tuple[float, float | None]]]]) -> None:
    """Takes turns. each: (figure, what measures it in a round: its value and, where there is one, its p99)."""
    for number in range(rounds):
        for figure, measure in each:
            figure.add(*measure(number))
        line = ", ".join(f"{figure.way} {figure.values[-1]:,.0f}" for figure, _ in each)
        say(f"bench {each[0][0].scenario}, {each[0][0].what}, round {number + 1} of {rounds}: {line}")


def together(found: Mapping[str, Figures]) -> tuple[float, float | None]:
    """Lanes that ran at the same time as one: transactions a second, and the greatest p99."""
    return sum(each.per_second for each in found.values()), max(each.p99 for each in found.values())
