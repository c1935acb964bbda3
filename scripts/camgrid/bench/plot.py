"""The figures as a picture: how many times a plain PostgreSQL each way is, with the spread of its rounds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from camgrid.bench.result import PLAIN
from camgrid.report.charts import library

_COLOURS = ("#9aa3ad", "#e0b03c", "#2f6fb5", "#1b7f5c", "#6a4fa3", "#c0322b", "#4a4a4a")


def draw(figures: Sequence[dict[str, Any]], title: str, file: Path) -> None:
    """Bars of all figures with a ratio, in the format that the file's name ends with. UsageError without matplotlib."""
    with library().rc_context({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False}):
        from matplotlib.figure import Figure

        shown = [row for row in figures if row["ratio"] and row["way"] != PLAIN]
        whats = list(dict.fromkeys(f"{row['scenario']}: {row['what']}" for row in shown))
        ways = list(dict.fromkeys(row["way"] for row in shown))
        figure = Figure(figsize=(8, 1.2 + 0.24 * len(shown) + 0.1 * len(whats)), layout="constrained")
        axes = figure.add_subplot()
        place, ticks = 0.0, []
        for what in whats:
            rows = [row for row in shown if f"{row['scenario']}: {row['what']}" == what]
            ticks.append((place + (len(rows) - 1) / 2, what))
            for row in rows:
                error = [[row["ratio"] - row["ratio_least"]], [row["ratio_most"] - row["ratio"]]]
                colour = _COLOURS[ways.index(row["way"]) % len(_COLOURS)]
                axes.barh(place, row["ratio"], 0.85, xerr=error, color=colour, error_kw={"linewidth": 0.8})
                axes.annotate(
                    f"{row['ratio']:.2f}  ({row['way']}: {row['median']:,.0f} {row['unit']})",
                    (row["ratio_most"], place),
                    xytext=(4, 0),
                    textcoords="offset points",
                    va="center",
                )
                place += 1
            place += 0.8
        axes.axvline(1, color="#c0322b", linewidth=0.9)
        axes.set_yticks([at for at, _ in ticks], [what for _, what in ticks])
        axes.tick_params(axis="y", length=0)
        axes.invert_yaxis()
        most = max((row["ratio_most"] for row in shown), default=1)
        # Room for the labels beside the longest bar.
        axes.set_xlim(0, 1.8 * max(most, 1))
        if most > 10:
            axes.set_xscale("log")
            axes.set_xlim(0.01, most**1.6)
        axes.set_xlabel("times a plain PostgreSQL (red line)\nwhiskers: least and most of the rounds")
        axes.set_title(title)
        figure.savefig(file, dpi=130)
