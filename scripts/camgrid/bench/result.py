"""What benchmarks found: a value for each round of each way, and its ratio to plain PostgreSQL's of the same round."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from camgrid.console import emit_table

PLAIN = "plain"


@dataclass
class Figure:
    """One question asked in one way. values: one each round, in unit; p99_ms: of the same rounds, where there is one.

    less: whether less is better (milliseconds), so that ratios always say how many times better than plain it is.
    """

    scenario: str
    what: str
    way: str
    unit: str
    less: bool = False
    values: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)

    def add(self, value: float, p99_ms: float | None = None) -> None:
        """The value of one more round."""
        self.values.append(value)
        if p99_ms is not None:
            self.p99_ms.append(p99_ms)

    def ratios(self, plain: Figure | None) -> list[float]:
        """How many times better than plain each round was; empty without plain."""
        if plain is None or plain is self:
            return []
        pairs = zip(self.values, plain.values, strict=True)
        return [their / own if self.less else own / their for own, their in pairs]


def summary(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """Each figure with its median, its spread (least and most) and those of its ratio to plain."""
    plain = {(each.scenario, each.what): each for each in figures if each.way == PLAIN}
    rows = []
    for each in figures:
        ratios = each.ratios(plain.get((each.scenario, each.what)))
        rows.append(
            asdict(each)
            | {"median": statistics.median(each.values), "least": min(each.values), "most": max(each.values)}
            | {
                "ratio": statistics.median(ratios) if ratios else None,
                "ratio_least": min(ratios, default=None),
                "ratio_most": max(ratios, default=None),
            }
        )
    return rows


def noise(figures: Iterable[Figure]) -> float | None:
    """How much the machine varied: the greatest spread of a plain figure between rounds, as a share of its median."""
    spreads = [
        (max(each.values) - min(each.values)) / statistics.median(each.values)
        for each in figures
        if each.way == PLAIN and len(each.values) > 1
    ]
    return max(spreads, default=None)


def show(rows: Iterable[dict[str, Any]]) -> None:
    """The table on stdout."""
    shown = [
        {
            "what": f"{row['scenario']}: {row['what']}",
            "way": row["way"],
            "median": f"{_number(row['median'])} {row['unit']}",
            "spread": f"{_number(row['least'])} to {_number(row['most'])}",
            "p99": f"{statistics.median(row['p99_ms']):.1f} ms" if row["p99_ms"] else None,
            "ratio": f"{row['ratio']:.2f}" if row["ratio"] else None,
            "between": f"{row['ratio_least']:.2f} to {row['ratio_most']:.2f}" if row["ratio"] else None,
        }
        for row in rows
    ]
    headings = {"what": "what", "way": "way", "median": "median", "spread": "least to most", "p99": "p99"}
    emit_table(shown, headings | {"ratio": "times plain", "between": "least to most"})


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"
