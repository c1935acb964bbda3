"""What the database knows of partitions and cameras, and adding to it. All of it can be done again without harm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import psycopg

from camgrid.ingest.rows import Camera

_TABLE = "counting_results"


def partitions(connection: psycopg.Connection) -> list[tuple[date, date]]:
    """First day and day after the last of each partition of the results, in UTC."""
    query = "SELECT start_date, end_date FROM camgrid.list_partitions(%s)"
    return connection.execute(query, (_TABLE,)).fetchall()


def make_partition(connection: psycopg.Connection, month: date) -> None:
    """Makes the partition of the month that a day is in; no insert waits. connection: in autocommit mode."""
    connection.execute("CALL camgrid.make_partition(%s, %s)", (_TABLE, month))


def cameras(connection: psycopg.Connection) -> list[int]:
    """The cameras that are registered."""
    return [camera for (camera,) in connection.execute("SELECT id FROM camgrid.cameras")]


def register(connection: psycopg.Connection, cameras: Sequence[Camera], zone: str) -> int:
    """Registers cameras that stand in a time zone. Returns how many were new; the others stay as they are."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO camgrid.cameras (id, name, site, timezone) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [(*camera, zone) for camera in cameras],
        )
        return cursor.rowcount
