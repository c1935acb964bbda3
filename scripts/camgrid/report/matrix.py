"""Hours by weekdays on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from camgrid.console import out
from camgrid.report.peaks import DAYS, Peak

# From quiet to busy; the figure stands beside it, so that nothing depends on colour.
_SHADES = " ░▒▓█"


def matrix(peaks: Sequence[Peak]) -> None:
    """Averages of each hour of the week, shaded by how busy it is."""
    found = {(peak.weekday, peak.hour): peak.average or 0 for peak in peaks}
    most = max(found.values()) or 1
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("hour", justify="right")
    for day in DAYS:
        table.add_column(day[:3], justify="right")
    for hour in range(24):
        cells = [found.get((day, hour)) for day in range(len(DAYS))]
        table.add_row(f"{hour:02}", *("-" if value is None else _cell(value, most) for value in cells))
    out.print(table)


def _cell(value: float, most: float) -> str:
    shade = _SHADES[round(value / most * (len(_SHADES) - 1))]
    return f"{value:,.0f} {shade}"
