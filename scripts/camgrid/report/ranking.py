"""`camgrid report top` and `silent`: who counts most, and who sends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import sql

from camgrid.report.query import SUMS, split_columns
from camgrid.report.scope import Scope, stream

SILENT = ("camera_id", "camera_name", "site", "last_result", "silent_for")


@dataclass(frozen=True)
class Top:
    """per: camera, site or zone; figure: one of query.SUMS; number: rows at most."""

    per: str = "camera"
    figure: str = "total_count"
    number: int = 10

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the answer's columns. share: per cent of the sum over all."""
        return ("rank", *split_columns([self.per]), *SUMS, "share")


def top(connection: psycopg.Connection, scope: Scope, request: Top) -> list[tuple]:
    """The first ones, in the order of request.columns."""
    query = scope.sums(scope.choice(None), per=[request.per])
    figure = sql.Identifier(request.figure)
    ranked = sql.SQL(
        "SELECT ranked.*, round(100 * {0} / nullif(sum({0}) OVER (), 0), 1)::float8 FROM ({1}) AS ranked "
        "ORDER BY {0} DESC, 1 LIMIT %(number)s"
    ).format(figure, query.select())
    found = stream(connection, ranked, query.parameters() | {"number": request.number})
    return [(rank, *row) for rank, row in enumerate(found, 1)]


def silent(
    connection: psycopg.Connection, scope: Scope, longer: timedelta, now: datetime | None = None
) -> Iterator[tuple]:
    """Active cameras without a result for longer than `longer`, those never seen first, in the order of SILENT."""
    now = now or datetime.now(UTC)
    table = "counting_results" if scope.freshness.state == "absent" else "camera_latest"
    query = sql.SQL(
        "SELECT c.id, c.name, c.site, l.last_result, %(now)s - l.last_result FROM camgrid.cameras AS c "
        'LEFT JOIN (SELECT camera_id, max("timestamp") AS last_result FROM {} GROUP BY camera_id) AS l '
        "ON l.camera_id = c.id "
        "WHERE c.active AND (l.last_result IS NULL OR l.last_result < %(before)s) "
        "AND (%(cameras)s::integer[] IS NULL OR c.id = ANY(%(cameras)s)) ORDER BY l.last_result NULLS FIRST, c.id"
    )
    parameters = {"now": now, "before": now - longer, "cameras": scope.cameras.ids}
    zone = scope.wanted.range.zone or UTC
    for camera, name, site, last, length in stream(
        connection, query.format(sql.Identifier("camgrid", table)), parameters
    ):
        yield camera, name, site, last.astimezone(zone) if last else None, length
