"""Makes the page of a look and of the last day's samples."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import psycopg
from jinja2 import Environment

from camgrid import health, pools
from camgrid.backup import check
from camgrid.errors import CamgridError
from camgrid.statuspage import chart
from camgrid.units import long_duration, size

SPAN = timedelta(hours=24)
# Lines that the eye can tell apart need no more; a day has 1,440 looks.
_POINTS = 288
CHARTS = {
    "read_operations_per_second": "Reads a second",
    "write_operations_per_second": "Rows written a second",
    "average_statement_milliseconds": "Milliseconds a statement",
    "active_connections": "Active sessions",
    "connections_used_percent": "Connections of the fullest node, %",
}
_HISTORY = """
    SELECT metric_name, seen_at, current_value::float8 FROM camgrid.scaling_history
    WHERE seen_at >= %s ORDER BY metric_name, seen_at
"""
History = dict[str, list[tuple[datetime, float]]]


def make(app: Any, refresh_s: int = 0, backups: health.Backups = check.look) -> str:
    """Looks, and makes the page of it. backups: see health.look."""
    snapshot, now = health.look(app, backups), datetime.now(UTC)
    samples: History = {}
    # The look has told already what is wrong, if this fails.
    with suppress(CamgridError, psycopg.Error), app.connect("monitor", autocommit=True) as conn:
        samples = history(conn, now)
    return render(snapshot, samples, refresh_s, now)


def history(conn: psycopg.Connection, now: datetime) -> History:
    """The samples of the last day, by metric. conn: as monitor, with rows as tuples."""
    found: History = {}
    for name, at, value in conn.execute(_HISTORY, (now - SPAN,)):
        found.setdefault(name, []).append((at, value))
    return {name: thinned(points) for name, points in found.items()}


def thinned(points: Sequence[tuple[datetime, float]]) -> list[tuple[datetime, float]]:
    """As many points as can be told apart, of each few the highest: a peak is never hidden."""
    few = -(-len(points) // _POINTS)
    return [max(points[first : first + few], key=lambda point: point[1]) for first in range(0, len(points), few or 1)]


def render(snapshot: health.Snapshot, samples: History, refresh_s: int, now: datetime | None = None) -> str:
    """The page. All that comes from elsewhere is escaped. refresh_s: how often a browser loads it again; 0: never."""
    now = now or datetime.now(UTC)
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["size"] = lambda count: "-" if count is None else size(count)
    environment.filters["ago"] = lambda moment: _ago(moment, now)
    environment.filters["number"] = _number
    text = files("camgrid.statuspage").joinpath("templates/status.html.j2").read_text(encoding="utf-8")
    return environment.from_string(text).render(
        look=snapshot,
        database=snapshot.database,
        pools=pools.by_host(snapshot.database.get("pools", ())),
        known=[alert for alert in snapshot.database.get("alerts", ()) if alert["status"] == "acknowledged"],
        charts=_charts(snapshot.database.get("load", ()), samples, now),
        made=now,
        refresh_s=refresh_s,
    )


def _charts(load: Sequence[dict[str, Any]], samples: History, now: datetime) -> list[dict[str, Any]]:
    found = []
    by_name = {metric["metric_name"]: metric for metric in load}
    for name, title in CHARTS.items():
        metric = by_name.get(name, {"current_value": None, "target_value": None})
        target = metric.get("target_value")
        near = None if target is None else float(target)
        points = [*samples.get(name, [])]
        if metric["current_value"] is not None:
            points.append((now, float(metric["current_value"])))
        drawn = chart.line(points, now - SPAN, now, title, SPAN / _POINTS * 3, near)
        found.append({"title": title, "metric": metric, "svg": drawn})
    return found


def _ago(moment: datetime | None, now: datetime) -> str:
    return "never" if moment is None else f"{long_duration((now - moment).total_seconds())} ago"


def _number(value: Any) -> str:
    return "?" if value is None else f"{value:,.1f}".removesuffix(".0")
