"""Rows of cameras that no other test writes to."""

from __future__ import annotations

import psycopg


def fill(conn: psycopg.Connection, cameras: range, rows: int, minutes: int) -> None:
    """Stores cameras and, for each, rows of this month on, so many minutes apart. What is there already stays."""
    conn.execute(
        "INSERT INTO camgrid.cameras (id, name) SELECT g, 'test ' || g FROM generate_series(%s::integer, %s) AS g"
        " ON CONFLICT DO NOTHING",
        (cameras[0], cameras[-1]),
    )
    conn.execute(
        """
        INSERT INTO camgrid.counting_results (camera_id, zone_id, "timestamp", count_in, count_out)
        SELECT c, 0, date_trunc('month', now()) + s * make_interval(mins => %s::integer), s %% 50, s %% 37
        FROM generate_series(%s::integer, %s) AS c, generate_series(1, %s::integer) AS s ON CONFLICT DO NOTHING
        """,
        (minutes, cameras[0], cameras[-1], rows),
    )
