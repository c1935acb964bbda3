"""A line over time as SVG, in the page's own colours. Small enough to need no library on a monitor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import floor, log10

from markupsafe import Markup, escape

WIDTH, HEIGHT, _LEFT, _BOTTOM, _TOP = 560, 120, 52, 18, 8
Point = tuple[datetime, float]


def line(
    points: Sequence[Point], start: datetime, end: datetime, title: str, gap: timedelta, target: float | None = None
) -> Markup:
    """The values between start and end. title: for whoever cannot see it; target: a dashed line, where it is near.

    Points further apart than gap are not joined: nothing is drawn rather than a line that nobody measured.
    """
    highest = max((value for _, value in points), default=0.0)
    top = _rounded(max(highest, target if target is not None and highest > target / 3 else 0) or 1)
    spans = (
        f'<polyline points="{" ".join(f"{_x(at, start, end):.1f},{_y(value, top):.1f}" for at, value in part)}"/>'
        for part in _parts(points, gap)
    )
    grid = "".join(
        f'<path class="grid" d="M{_LEFT} {_y(value, top):.1f}H{WIDTH}"/>'
        f'<text x="{_LEFT - 6}" y="{_y(value, top) + 4:.1f}" text-anchor="end">{_number(value)}</text>'
        for value in (0, top / 2, top)
    )
    hours = "".join(
        f'<text x="{_x(at, start, end):.1f}" y="{HEIGHT - 3}" text-anchor="middle">{at:%H:%M}</text>'
        for at in _ticks(start, end)
    )
    limit = ""
    if target is not None and target <= top:
        limit = f'<path class="target" d="M{_LEFT} {_y(target, top):.1f}H{WIDTH}"/>'
    drawn = f"{grid}{hours}{limit}{''.join(spans)}"
    # Only the title is anybody's text.
    return Markup(f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{drawn}</svg>')  # noqa: S704


def _parts(points: Sequence[Point], gap: timedelta) -> Iterable[Sequence[Point]]:
    part: list[Point] = list(points[:1])
    for before, point in pairwise(points):
        if point[0] - before[0] > gap:
            yield part
            part = []
        part.append(point)
    if part:
        yield part


def _x(at: datetime, start: datetime, end: datetime) -> float:
    return _LEFT + (WIDTH - _LEFT) * ((at - start) / (end - start))


def _y(value: float, top: float) -> float:
    return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - value / top)


def _ticks(start: datetime, end: datetime) -> list[datetime]:
    """Full hours or quarters of the day, four or so of them."""
    step = timedelta(hours=max(1, round((end - start) / timedelta(hours=1) / 4)))
    first = start.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return [first + step * number for number in range(6) if first + step * number < end - timedelta(minutes=10)]


def _rounded(value: float) -> float:
    """The next of 1, 2, 5, 10 … above a value."""
    power = 10.0 ** floor(log10(value))
    return next(power * step for step in (1, 2, 5, 10, 20) if power * step >= value)


def _number(value: float) -> str:
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"
