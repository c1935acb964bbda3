"""Which cameras a report is about, and the zones that they stand in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from camgrid.errors import UsageError


@dataclass(frozen=True)
class Cameras:
    """ids: None means all; zones: IANA names, each once; count: how many there are."""

    ids: list[int] | None
    zones: tuple[str, ...]
    count: int
    sites: int


def choose(connection: psycopg.Connection, wanted: Sequence[int], site: str | None) -> Cameras:
    """The cameras wanted, those of a site, or all. UsageError for a camera or site that is not there."""
    everybody = not wanted and site is None
    rows = _rows(connection, wanted, site, everybody)
    known = {row[0] for row in rows}
    if unknown := [str(camera) for camera in wanted if camera not in known]:
        hint = "camgrid report top --limit 100, or SELECT id, name FROM camgrid.cameras"
        raise UsageError(f"no such camera: {', '.join(unknown)}", hint=hint)
    if site is not None and not any(row[1] == site for row in rows):
        raise UsageError(f"no camera is at a site {site!r}", hint="camgrid report top --per site")
    chosen = [
        row for row in rows if everybody or ((not wanted or row[0] in set(wanted)) and (site is None or row[1] == site))
    ]
    if wanted and site is not None and not chosen:
        raise UsageError(f"none of these cameras is at the site {site!r}", hint="leave --camera or --site out")
    zones = {row[2] for row in chosen} | ({"UTC"} if everybody and _strangers(connection) else set())
    ids = None if everybody else sorted(row[0] for row in chosen)
    return Cameras(ids, tuple(sorted(zones)), len(chosen), len({row[1] for row in chosen}))


def _rows(connection: psycopg.Connection, wanted: Sequence[int], site: str | None, everybody: bool) -> list[Any]:
    query = "SELECT id, site, timezone FROM camgrid.cameras WHERE %s OR id = ANY(%s) OR site = %s ORDER BY id"
    return connection.execute(query, (everybody, list(wanted), site)).fetchall()


def _strangers(connection: psycopg.Connection) -> bool:
    """Whether there are results of a camera that nobody registered; its clock is UTC's."""
    if connection.execute("SELECT to_regclass('camgrid.camera_latest')").fetchone()[0] is None:
        return False
    query = """
        SELECT EXISTS (
            SELECT 1 FROM camgrid.camera_latest AS l LEFT JOIN camgrid.cameras AS c ON c.id = l.camera_id
            WHERE c.id IS NULL
        )
    """
    return connection.execute(query).fetchone()[0]
