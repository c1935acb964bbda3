"""Charts of the page as SVG text, drawn by matplotlib. Text stays text, and its colour is the page's, light or dark."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from io import StringIO
from typing import Any

from camgrid.errors import UsageError
from camgrid.report.peaks import DAYS, Peak

# What the page's style replaces; no chart uses this colour for anything else.
_INK = "#010203"
_BLUE, _GREY = "#2f6fb5", "#9aa3ad"
_SEVERITIES = {"info": "#9fb8d1", "low": "#6f9bc8", "medium": "#e0b03c", "high": "#e0762f", "critical": "#c0322b"}
_SETTINGS = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    # A dollar in a camera's name is no formula.
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), _INK),
}


def heat_map(peaks: Sequence[Peak], title: str) -> str:
    """Averages by hour and weekday. title: what a reader who cannot see it is told."""
    with _figure(7.6, 2.7, title) as (figure, axes, done):
        values = [[float("nan")] * 24 for _ in DAYS]
        for peak in peaks:
            values[peak.weekday][peak.hour] = peak.average or 0
        mesh = axes.pcolormesh(values, cmap="YlGnBu", vmin=0, edgecolors="none")
        axes.invert_yaxis()
        axes.set_yticks([day + 0.5 for day in range(7)], [day[:3] for day in DAYS])
        axes.set_xticks([hour + 0.5 for hour in range(0, 24, 2)], [f"{hour:02}" for hour in range(0, 24, 2)])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(mesh, ax=axes, pad=0.015, aspect=14, format=_thousands)
        bar.outline.set_visible(False)
        # As shapes: by default it is a picture, which a page without images does not show.
        bar.solids.set_rasterized(False)
        bar.ax.tick_params(length=2)
    return done()


def trend(now: Sequence[tuple[datetime, int]], before: Sequence[tuple[datetime, int]], named: str, title: str) -> str:
    """A line over time and, in grey, what was before, each at the time that it is compared with. named: what it is."""
    with _figure(7.6, 2.8, title) as (_, axes, done):
        if before:
            axes.plot(*zip(*before, strict=True), color=_GREY, linewidth=1.2, linestyle=(0, (4, 2)), label=named)
        marker = "o" if len(now) < 32 else None
        axes.plot(*zip(*now, strict=True), color=_BLUE, linewidth=1.8, marker=marker, markersize=3, label="this range")
        if len(now) > 1:
            axes.fill_between([at for at, _ in now], [value for _, value in now], color=_BLUE, alpha=0.10, linewidth=0)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(_thousands)
        axes.grid(axis="y", color=_GREY, alpha=0.25, linewidth=0.6)
        _dates(axes)
        if before:
            axes.legend(frameon=False, loc="upper right", ncols=2, bbox_to_anchor=(1, 1.14))
    return done()


def events(found: Mapping[str, Mapping[str, int]], title: str) -> str:
    """Events by type, stacked by severity."""
    kinds = sorted(found, key=lambda kind: sum(found[kind].values()))
    with _figure(7.6, 1.1 + 0.28 * len(kinds), title) as (figure, axes, done):
        left = [0] * len(kinds)
        for severity, colour in _SEVERITIES.items():
            widths = [found[kind].get(severity, 0) for kind in kinds]
            if any(widths):
                axes.barh([kind.replace("_", " ") for kind in kinds], widths, left=left, color=colour, label=severity)
                left = [have + more for have, more in zip(left, widths, strict=True)]
        axes.xaxis.set_major_formatter(_thousands)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_ylim(-0.7, max(len(kinds), 2) - 0.3)
        figure.legend(frameon=False, loc="outside upper right", ncols=5)
    return done()


def _dates(axes: Any) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=4, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _thousands(value: float, _: Any = None) -> str:
    if abs(value) >= 10_000_000:
        return f"{value / 1_000_000:,.0f} M"
    if abs(value) >= 1_000_000:
        return f"{value / 1_000_000:,.1f} M"
    return f"{value / 1000:,.0f} k" if abs(value) >= 10_000 else f"{value:,.0f}"


class _figure:  # noqa: N801 - it reads as a function in a with statement
    """A figure and its axes, with camgrid's settings, and a function that makes its SVG once the block is left."""

    def __init__(self, width: float, height: float, title: str) -> None:
        self._size, self._title = (width, height), title

    def __enter__(self) -> tuple[Any, Any, Any]:
        self._settings = library().rc_context(_SETTINGS | {"svg.hashsalt": self._title})
        self._settings.__enter__()
        from matplotlib.figure import Figure

        self._figure = Figure(figsize=self._size, layout="constrained")
        self._svg = ""
        return self._figure, self._figure.add_subplot(), lambda: self._svg

    def __exit__(self, *failure: Any) -> None:
        try:
            if failure[0] is None:
                file = StringIO()
                self._figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
                self._svg = _inline(file.getvalue(), self._title)
        finally:
            self._settings.__exit__(*failure)


def _inline(svg: str, title: str) -> str:
    """The drawing as part of a page: scaled to its width, in the page's ink and type, with a title to be read out."""
    from html import escape

    drawing = svg[svg.index("<svg") :]
    drawing = re.sub(r"<metadata>.*?</metadata>\s*", "", drawing, flags=re.DOTALL)
    drawing = re.sub(r'font: ([\d.]+)px [^;"]*', r"font-size: \1px", drawing)
    drawing = drawing.replace(_INK, "currentColor")
    drawing = re.sub(r' (?:width|height)="[\d.]+pt"', "", drawing, count=2)
    drawing = re.sub(r"<!--.*?-->\s*", "", drawing, flags=re.DOTALL)
    head, rest = drawing.split(">", 1)
    return f'{head} role="img" aria-label="{escape(title)}"><title>{escape(title)}</title>{rest}'


def library() -> Any:
    """matplotlib. UsageError that says what to install when it is not there."""
    try:
        import matplotlib
    except ImportError as error:
        hint = ".venv/bin/pip install 'camgrid[report]'"
        raise UsageError("the page's charts need matplotlib, which is not installed", hint=hint) from error
    return matplotlib
