"""`camgrid report counts`: results summed by time and by camera, site or zone."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from camgrid import queries
from camgrid.errors import UsageError
from camgrid.ingest.clock import instants

UNITS = ("hour", "day", "month")
SUMS = ("count_in", "count_out", "total_count", "results")
# What sums can be split by → column of the answer → where it comes from. Their order is that of the columns.
_SPLITS = {
    "site": {"site": sql.SQL("cameras.site")},
    "camera": {"camera_id": sql.SQL("part.camera_id"), "camera_name": sql.SQL("cameras.name")},
    "zone": {"zone_id": sql.SQL("part.zone_id")},
}
SPLITS = tuple(_SPLITS)
# Rows fetched at a time, where libpq can.
_STREAMED = 1000


@dataclass(frozen=True)
class Request:
    """What is asked for. start is within the range, end is not; None leaves it open. limit: rows at most.

    Days and months are those of `zone`. Of cameras, site and zone_id None or nothing means all.
    """

    zone: ZoneInfo
    by: str | None = None
    per: Sequence[str] = ()
    start: datetime | None = None
    end: datetime | None = None
    cameras: Sequence[int] = ()
    site: str | None = None
    zone_id: int | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.start and self.end and self.start >= self.end:
            raise UsageError(f"--from {self.start.isoformat()} is not before --to {self.end.isoformat()}")

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the answer's columns: those that sums are split by, then the sums."""
        return (*self.keys, *SUMS)

    @property
    def keys(self) -> dict[str, sql.SQL]:
        """Columns that sums are split by → where they come from."""
        period = {"period": sql.SQL("part.period")} if self.by else {}
        splits = [columns for split, columns in _SPLITS.items() if split in self.per]
        return period | {name: source for columns in splits for name, source in columns.items()}


def moment(text: str, zone: ZoneInfo) -> datetime:
    """The instant that an ISO 8601 date or time means, in `zone` when it has no offset.

    Of a local time that happens twice the earlier one; one that is skipped means as much later as was skipped.
    Raises UsageError.
    """
    try:
        when = datetime.fromisoformat(text.strip())
        if when.tzinfo:
            return when.astimezone(UTC)
        found = instants(when, zone)
        return found[0] if found else when.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        hint = "want ISO 8601, such as 2026-01-31 or 2026-01-31T08:00+01:00"
        raise UsageError(f"{text!r} is no date or time", hint=hint) from error


def rows(connection: psycopg.Connection, request: Request) -> Generator[tuple, None, None]:
    """The answer, row by row, in the order of request.columns; one more row than the limit when there is more.

    Periods are datetimes in the request's zone. Raises UsageError for a camera or site that is not there.
    """
    cameras = _cameras(connection, request)
    parameters = {
        "by": request.by,
        "timezone": request.zone.key,
        "start": request.start,
        "end": request.end,
        "cameras": cameras,
        "zone_id": request.zone_id,
        "limit": None if request.limit is None else request.limit + 1,
    }
    try:
        query = _query(request, cameras is not None)
        size = _STREAMED if psycopg.capabilities.has_stream_chunked() else 1
        # A stream that is left early holds the connection until it is closed.
        with closing(connection.cursor().stream(query, parameters, size=size)) as stream:
            for row in stream:
                yield (row[0].astimezone(request.zone), *row[1:]) if request.by else row
    except psycopg.errors.InvalidParameterValue as error:
        raise UsageError(f"the database does not know the time zone {request.zone.key}") from error


def _query(request: Request, some_cameras: bool) -> sql.Composed:
    part: dict[str, sql.Composable] = {"camera_id": sql.SQL("camera_id")}
    if request.by:
        part["period"] = sql.SQL('date_trunc(%(by)s, "timestamp", %(timezone)s) AS period')
    if "zone" in request.per:
        part["zone_id"] = sql.SQL("zone_id")
    wanted = {
        '"timestamp" >= %(start)s': request.start is not None,
        '"timestamp" < %(end)s': request.end is not None,
        "camera_id = ANY(%(cameras)s)": some_cameras,
        "zone_id = %(zone_id)s": request.zone_id is not None,
    }
    conditions = [sql.SQL(condition) for condition, needed in wanted.items() if needed]
    keys = [sql.SQL("{} AS {}").format(source, sql.Identifier(name)) for name, source in request.keys.items()]
    numbers = [sql.SQL(str(number)) for number in range(1, len(keys) + 1)]
    comma = sql.SQL(", ")
    grouping = sql.SQL("GROUP BY {0}\nORDER BY {0}") if keys else sql.SQL("HAVING count(*) > 0")
    return sql.SQL(queries.text("report_counts")).format(
        keys=sql.SQL("").join(key + comma for key in keys),
        part_keys=comma.join(part.values()),
        part_names=comma.join(map(sql.Identifier, part)),
        conditions=sql.SQL(" AND ").join(conditions) if conditions else sql.SQL("true"),
        grouping=grouping.format(comma.join(numbers)),
    )


def _cameras(connection: psycopg.Connection, request: Request) -> list[int] | None:
    """The cameras that the request is about; None for all."""
    if not request.cameras and request.site is None:
        return None
    query = "SELECT id, site FROM camgrid.cameras WHERE id = ANY(%s) OR site = %s ORDER BY id"
    found: list[Any] = connection.execute(query, (list(request.cameras), request.site)).fetchall()
    known = {camera for camera, _ in found}
    if unknown := [str(camera) for camera in request.cameras if camera not in known]:
        raise UsageError(f"no such camera: {', '.join(unknown)}", hint="SELECT id, name FROM camgrid.cameras")
    at_site = {camera for camera, site in found if site == request.site}
    if request.site is not None and not at_site:
        raise UsageError(f"no camera is at a site {request.site!r}", hint="SELECT DISTINCT site FROM camgrid.cameras")
    chosen = set(request.cameras) or known
    return sorted(chosen & at_site if request.site is not None else chosen)
