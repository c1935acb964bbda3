"""The page: what `camgrid report page` gathers, and the HTML that is made of it. It needs nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import psycopg
from jinja2 import Environment
from markupsafe import Markup

from camgrid.report import charts, counts, gaps, peaks, ranking
from camgrid.report.scope import Scope
from camgrid.report.steps import Step, months_later, step
from camgrid.units import long_duration

# Rows that a table of the page has at most.
_ROWS = 15
# Points that a line has at most before the step becomes longer.
_POINTS = 200
HOUR = step("hour")


@dataclass(frozen=True)
class Request:
    """step: of the trend, None for one that suits; compare: of counts.COMPARED; silent: from when on a camera is."""

    title: str
    cluster: str
    step: Step | None = None
    compare: str | None = None
    silent: timedelta = timedelta(hours=1)


def suited(scope: Scope) -> Step:
    """The shortest step of the calendar that makes a line that can be read."""
    first, last = scope.extent
    steps = [step(name) for name in ("hour", "day", "week", "month")]
    return next((each for each in steps if each.count(last - first) <= _POINTS), step("month"))


def gather(connection: psycopg.Connection, scope: Scope, request: Request) -> dict[str, Any]:
    """All that the page shows but events; see the template for the names."""
    where = scope.wanted.range
    found = peaks.peaks(connection, scope)
    by = request.step or suited(scope)
    line = counts.Request(by, compare=request.compare)
    points = list(counts.rows(connection, scope, line))
    total = list(counts.rows(connection, scope, counts.Request(compare=request.compare)))
    sums = total[0] if total else (0,) * 7
    compared = f"the {request.compare} before" if request.compare else ""
    now = [(_naive(row[0]), row[3]) for row in points if row[3] is not None]
    before = [(_naive(row[0]), row[5]) for row in points if request.compare and row[5] is not None]
    sources = {scope.choice(by).source, scope.choice(peaks.HOUR).source, scope.choice(None).source}
    return {
        "title": request.title,
        "cluster": request.cluster,
        "range": _range(scope),
        "range_words": where.words(),
        "zone": where.zone_name if where.zone else "each camera's own time zone",
        "chosen": _chosen(scope),
        "generated": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "sources": _sources(scope, sources),
        "step": by.name,
        "total": sums[2],
        "results": sums[3],
        "compared": compared,
        "change": percent(sums[6]) if request.compare else "",
        "busiest": max(found, key=lambda peak: peak.average or 0, default=None),
        "days": peaks.DAYS,
        "cameras": scope.cameras.count,
        "heat": Markup(charts.heat_map(found, "Heat map: average counted by hour and weekday")) if found else "",  # noqa: S704
        "trend": Markup(charts.trend(now, before, compared, f"Line: counted by {by.name}")) if now else "",  # noqa: S704
    } | _tables(connection, scope, request)


def _tables(connection: psycopg.Connection, scope: Scope, request: Request) -> dict[str, Any]:
    silent = list(ranking.silent(connection, scope, request.silent))
    found = list(gaps.rows(connection, scope, gaps.Request(HOUR, timedelta(), _ROWS - 1, longest_first=True)))
    cameras = _ranked(connection, scope, request, "camera")
    return {
        "rankings": [ranked for ranked in (cameras, _ranked(connection, scope, request, "site")) if ranked],
        "counting": cameras["counting"] if cameras else 0,
        "silent": [
            {"name": f"{row[1]}", "site": row[2], "last": _minute(row[3]), "length": _length(row[4])}
            for row in silent[:_ROWS]
        ],
        "silent_total": len(silent),
        "silent_for": long_duration(request.silent.total_seconds()),
        "gap_words": f"Times of an hour or longer without results, the longest first; {_ROWS} at most.",
        "gaps": [
            {"name": row[1] or f"camera {row[0]}", "site": row[2], "first": _minute(row[3]), "last": _minute(row[4])}
            | {"length": _length(row[5])}
            for row in sorted(found, key=lambda row: row[5] or timedelta.max, reverse=True)[:_ROWS]
        ],
    }


def _ranked(connection: psycopg.Connection, scope: Scope, request: Request, per: str) -> dict[str, Any] | None:
    """The ranking of cameras or sites; None when there is nothing to rank."""
    if per == "site" and scope.cameras.sites < 2:
        return None
    rows = list(counts.rows(connection, scope, counts.Request(per=[per], compare=request.compare)))
    width = 2 if per == "camera" else 1
    rows = sorted((row for row in rows if row[width + 3]), key=lambda row: -row[width + 2])
    if not rows:
        return None
    total, most = sum(row[width + 2] for row in rows), rows[0][width + 2]
    what = per.capitalize()
    return {
        "heading": f"Busiest {per}s",
        "told": f"The first {min(len(rows), _ROWS)} of {len(rows):,} {per}s with results.",
        "what": what,
        "counting": len(rows),
        "rows": [
            {
                "rank": rank,
                "name": row[width - 1] or (f"camera {row[0]}" if per == "camera" else "no site"),
                "total": row[width + 2],
                "share": 100 * row[width + 2] / total if total else 0,
                "width": round(100 * row[width + 2] / most, 1) if most else 0,
                "change": row[-1] if request.compare else None,
                "change_words": percent(row[-1]) if request.compare else "",
            }
            for rank, row in enumerate(rows[:_ROWS], 1)
        ],
    }


def event_part(found: Iterable[tuple] | None) -> dict[str, Any]:
    """The part about events, from rows of type, severity and number; None when they may not be read."""
    kinds: dict[str, dict[str, int]] = {}
    for kind, severity, number in found or ():
        kinds.setdefault(kind, {})[severity] = number
    words = "No events in this range." if found is not None else "This login may not read events."
    chart = charts.events(kinds, "Bars: events by type and severity") if kinds else ""
    total = sum(sum(severities.values()) for severities in kinds.values())
    return {"event_chart": Markup(chart), "event_total": total, "event_words": words}  # noqa: S704 - matplotlib escapes


def render(parts: Mapping[str, Any]) -> str:
    """The page. Everything that comes from the database is escaped."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = lambda value, places=0: f"{value or 0:,.{places}f}"
    text = files("camgrid.report").joinpath("templates/report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(text).render(parts)


def percent(value: float | None) -> str:
    """A change, with its sign."""
    return "-" if value is None else f"{value:+,.1f} %"


def _range(scope: Scope) -> str:
    where = scope.wanted.range
    first, last = (
        bound.astimezone(where.zone) if bound and bound.tzinfo and where.zone else bound
        for bound in (where.start, where.end)
    )
    whole_days = all(bound is None or (bound.hour, bound.minute, bound.second) == (0, 0, 0) for bound in (first, last))
    if first and last and whole_days:
        until = last - timedelta(days=1)
        if first.day == 1 and months_later(first.replace(tzinfo=None), 1) == last.replace(tzinfo=None):
            return f"{first:%B %Y}"
        return f"{first:%-d %B %Y}" if first.date() == until.date() else f"{first:%-d %B %Y} to {until:%-d %B %Y}"
    return f"{_minute(first) or 'the beginning'} to {_minute(last) or 'now'}"


def _chosen(scope: Scope) -> str:
    wanted = scope.wanted
    parts: Sequence[str] = [f"site {wanted.site}"] if wanted.site else []
    parts = (
        [*parts, f"{scope.cameras.count} camera{'s' if scope.cameras.count != 1 else ''}"] if wanted.cameras else parts
    )
    return ", ".join([*parts, f"zone {wanted.zone_id}"] if wanted.zone_id is not None else parts)


def _sources(scope: Scope, used: set[str]) -> str:
    names = {"raw": "raw rows", "hourly": "hourly rollup", "daily": "daily rollup"}
    said = "from " + " and ".join(names[source] for source in sorted(used))
    return said if used == {"raw"} else f"{said} ({scope.freshness.words()})"


def _naive(when: datetime) -> datetime:
    return when.replace(tzinfo=None)


def _minute(when: datetime | None) -> str:
    return when.strftime("%Y-%m-%d %H:%M") if when else ""


def _length(length: timedelta | None) -> str:
    return long_duration(length.total_seconds()) if length is not None else ""
