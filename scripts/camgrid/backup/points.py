"""Restore points of the whole cluster: made in every group's WAL at once, recorded on the repository's host."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from camgrid.backup.places import STATE, USER
from camgrid.backup.repository import Repository
from camgrid.console import say
from camgrid.errors import CamgridError, UsageError

DIRECTORY = f"{STATE}/points"
# PostgreSQL's own limit is 63 bytes; the name is a file's too.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_RECORD = """
    SELECT json_build_object(
        'name', %s::text, 'began_at', %s::timestamptz, 'made_at', now(), 'groups', json_agg(row_to_json(p))
    )
    FROM camgrid.archive_positions() AS p
"""


@dataclass(frozen=True)
class Place:
    """Where a group's WAL was just after the point. history: its timeline's history file; None for the first."""

    system_id: str
    timeline: int
    lsn: str
    history: str | None = None


@dataclass(frozen=True)
class Point:
    """A restore point, made between two times.

    groups: group → place; checksums: table → shard → [rows, checksum], None where they were not asked for.
    """

    name: str
    began_at: datetime
    made_at: datetime
    groups: dict[int, Place]
    checksums: dict[str, dict[str, list[str]]] | None = None

    @classmethod
    def parse(cls, record: dict[str, Any]) -> Point:
        """The point of a record; CamgridError for one that is none."""
        try:
            groups = {
                entry["citus_group"]: Place(*(entry[key] for key in ("system_id", "timeline", "lsn", "history")))
                for entry in record["groups"]
            }
            began_at, made_at = (datetime.fromisoformat(record[key]).astimezone(UTC) for key in ("began_at", "made_at"))
            return cls(record["name"], began_at, made_at, groups, record.get("checksums"))
        except (KeyError, TypeError, ValueError) as error:
            raise CamgridError(f"the record of a restore point cannot be read: {error!r}", where=DIRECTORY) from error

    def as_record(self) -> dict[str, Any]:
        """As it is written on the repository's host."""
        groups = [{"citus_group": group} | asdict(place) for group, place in sorted(self.groups.items())]
        record = {"name": self.name, "began_at": self.began_at.isoformat(), "made_at": self.made_at.isoformat()}
        record |= {"groups": groups}
        return record | ({"checksums": self.checksums} if self.checksums else {})


def check_name(name: str) -> None:
    """UsageError for a name that cannot be a point's."""
    if not NAME.fullmatch(name) or name.startswith("auto-"):
        raise UsageError(
            f"{name!r} cannot be a restore point's name",
            hint="up to 60 letters, digits, dots, dashes and underscores; auto- is the job's own",
        )


def make(conn: psycopg.Connection, name: str, checksums: dict[str, dict[str, list[str]]] | None = None) -> Point:
    """Makes a point and returns its record. conn: the superuser's, in autocommit. Commits wait for a moment."""
    began_at = conn.execute("SELECT now()").fetchone()[0]
    conn.execute("SELECT camgrid.create_restore_point(%s)", (name,))
    record = conn.execute(_RECORD, (name, began_at)).fetchone()[0]
    return Point.parse(record | {"checksums": checksums})


def keep(repository: Repository, point: Point) -> None:
    """Records a point on the repository's host; whole or not at all."""
    path = f"{DIRECTORY}/{point.name}.json"
    draft = shlex.quote(f"{path}.new")
    repository.host.run(
        f"umask 027 && cat > {draft} && chown {USER}: {draft} && mv {draft} {shlex.quote(path)}",
        json.dumps(point.as_record()) + "\n",
    )


def before(app: Any, verb: str) -> Point | None:
    """Makes and records a point before something risky, so that it can be undone; None for a cluster without backups.

    CamgridError or psycopg.Error where that cannot be done.
    """
    if not app.inventory_path or not app.topology.backups():
        return None
    with app.connect("admin", autocommit=True) as conn:
        point = make(conn, f"before-{verb}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    keep(Repository(app.inventory, app.topology), point)
    say(f"restore point {point.name}: camgrid restore copy --to {point.name} brings back what was there")
    return point


def listed(repository: Repository) -> list[Point]:
    """The points that are recorded, oldest first."""
    lines = repository.host.run(f"find {DIRECTORY} -maxdepth 1 -name '*.json' -exec grep --with-filename '' {{}} +")
    found = []
    for line in lines.splitlines():
        path, _, text = line.partition(":")
        try:
            found.append(Point.parse(json.loads(text)))
        except (ValueError, CamgridError) as error:
            say(f"{repository.host.name}:{path} is no record of a restore point and is left out: {error}")
    return sorted(found, key=lambda point: point.made_at)


def find(points: list[Point], wanted: str) -> Point:
    """The point of that name, or the last one at or before a time. UsageError when there is none."""
    named = [point for point in points if point.name == wanted]
    if named:
        return named[-1]
    try:
        moment = datetime.fromisoformat(wanted)
    except ValueError as error:
        raise UsageError(
            f"{wanted} is neither a restore point nor a time",
            hint="camgrid backup points; a time as 2026-03-29T02:30+01:00",
        ) from error
    if moment.tzinfo is None:
        raise UsageError(f"{wanted} has no time zone", hint=f"{wanted}+00:00, or {wanted}Z, for UTC")
    before = [point for point in points if point.made_at <= moment]
    if not before:
        first = (
            f"the first is {points[0].name}, {points[0].made_at:%Y-%m-%d %H:%M:%S} UTC" if points else "there is none"
        )
        raise UsageError(f"no restore point is as old as {wanted}: {first}", hint="camgrid backup points")
    return before[-1]
