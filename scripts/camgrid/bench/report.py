"""`camgrid bench report`: hourly counts of a month and of a year over all cameras, from rollups and from raw rows."""

from __future__ import annotations

from time import perf_counter

import psycopg

from camgrid.bench import data
from camgrid.bench.result import PLAIN, Figure
from camgrid.bench.rounds import Run, turns

ROLLUPS, RAW = "rollups", "raw rows"
_RAW = """
    SELECT date_trunc('hour', "timestamp") AS hour, sum(count_in), sum(count_out), sum(total_count)
    FROM camgrid.counting_results
    WHERE camera_id BETWEEN {first} AND {last}
        AND "timestamp" >= to_timestamp({since}) AND "timestamp" < to_timestamp({until})
    GROUP BY 1 ORDER BY 1;"""
_ROLLUPS = """
    SELECT hour, sum(count_in), sum(count_out), sum(total_count)
    FROM camgrid.counts_hourly
    WHERE camera_id BETWEEN {first} AND {last} AND hour >= to_timestamp({since}) AND hour < to_timestamp({until})
    GROUP BY 1 ORDER BY 1;"""


def measure(run: Run) -> list[Figure]:
    """Milliseconds of a month's counts by the hour over all cameras: the cluster's two sources, and the plain one's."""
    since = run.rows.start.timestamp()
    until = since + (run.rows.every * run.rows.results).total_seconds()
    until -= until % 3600
    bounds = {"first": run.ground.cameras[0], "last": run.ground.cameras[-1], "since": since, "until": until}
    whole = f"{(until - since) / 86400:.0f} days of {len(run.ground.cameras):,} cameras by the hour"
    with run.ground.app.connect("reporter", autocommit=True) as conn:
        asked = [
            (PLAIN, lambda _: _on_plain(run, _RAW.format(**bounds))),
            (RAW, lambda _: _timed(conn, _RAW.format(**bounds))),
            (ROLLUPS, lambda _: _timed(conn, _ROLLUPS.format(**bounds))),
        ]
        each = [(Figure("report", whole, way, "ms", less=True), measured) for way, measured in asked]
        turns(run.rounds, each)
    return [figure for figure, _ in each]


def _timed(conn: psycopg.Connection, query: str) -> tuple[float, None]:
    started = perf_counter()
    conn.execute(query).fetchall()
    return (perf_counter() - started) * 1000, None


def _on_plain(run: Run, query: str) -> tuple[float, None]:
    told = run.bed.shell(data.plain_psql(run.bed), f"\\o /dev/null\n\\timing on\n{query}\n\\timing off\n")
    return float(told.split("Time: ")[-1].split()[0]), None
