"""What every report has in common: its range, its cameras, its source, and what is said about it."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from camgrid.errors import UsageError
from camgrid.report import plan, rollups
from camgrid.report.cameras import Cameras, choose
from camgrid.report.query import Sums
from camgrid.report.ranges import Range
from camgrid.report.steps import Step

# Rows fetched at a time, where libpq can.
_STREAMED = 1000
_NOTHING_YET = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Wanted:
    """What is asked for, before the database was looked at. Of cameras, site and zone_id nothing or None means all."""

    range: Range
    cameras: Sequence[int] = ()
    site: str | None = None
    zone_id: int | None = None
    source: str = "auto"


@dataclass(frozen=True)
class Scope:
    """What is asked for, as the database knows it. extent: instants that hold all results of the range."""

    wanted: Wanted
    cameras: Cameras
    extent: tuple[datetime, datetime]
    freshness: rollups.Freshness

    def choice(self, step: Step | None, where: Range | None = None) -> plan.Choice:
        """The source for a step. UsageError when the one asked for cannot answer."""
        question = plan.Question(where or self.wanted.range, step, self.cameras.zones, self.extent)
        return plan.choose(question, self.wanted.source, self.freshness.unusable)

    def sums(self, choice: plan.Choice, step: Step | None = None, where: Range | None = None, **more: Any) -> Sums:
        """The query of a choice over the scope."""
        return Sums(
            choice.source,
            where or self.wanted.range,
            step=step,
            cameras=self.cameras.ids,
            zone_id=self.wanted.zone_id,
            **more,
        )

    def cells(self, step: Step | None, per: Sequence[str]) -> int:
        """How many rows an answer can have at most, zones of view left out."""
        first, last = self.extent
        keys = self.cameras.count if "camera" in per else self.cameras.sites if "site" in per else 1
        return (step.count(max(last - first, timedelta())) if step else 1) * max(keys, 1)

    def bounded(self, step: Step | None, per: Sequence[str], most: int, instead: str) -> None:
        """Refuses an answer that can have more than `most` rows. instead: what to do about it."""
        if (cells := self.cells(step, per)) > most:
            raise UsageError(f"this could be {cells:,} rows; {most:,} are the most here", hint=instead)

    def about(self, choice: plan.Choice, **more: Any) -> dict[str, Any]:
        """What is said about an answer, beside its rows; stable, for JSON."""
        first, last = self.wanted.range.shown()
        fresh = self.freshness
        of_rollup = choice.source != plan.RAW
        return {
            "from": first,
            "to": last,
            "timezone": self.wanted.range.zone_name,
            "cameras": self.cameras.count,
            "source": choice.source,
            "why": choice.why,
            "rollup_state": fresh.state if of_rollup else None,
            "rollup_pending": fresh.pending if of_rollup else None,
            "rollup_refreshed_at": fresh.refreshed_at if of_rollup else None,
            "generated_at": datetime.now(UTC).replace(microsecond=0),
        } | more

    def words(self, choice: plan.Choice) -> str:
        """A line that says where an answer comes from."""
        if choice.source == plan.RAW:
            return f"source: raw rows ({choice.why})"
        return f"source: {choice.source} rollup, {self.freshness.words()} ({choice.why})"


def look(connection: psycopg.Connection, wanted: Wanted) -> Scope:
    """The scope of what is wanted. UsageError for a camera, site or zone that is not there."""
    _check_zone(connection, wanted.range)
    cameras = choose(connection, wanted.cameras, wanted.site)
    found = rollups.extent(connection) or (_NOTHING_YET, _NOTHING_YET)
    return Scope(wanted, cameras, wanted.range.clipped(*found), rollups.freshness(connection))


def stream(
    connection: psycopg.Connection, query: sql.Composed, parameters: Mapping[str, Any]
) -> Generator[tuple, None, None]:
    """Rows of a query as they come; never all of them in memory."""
    size = _STREAMED if psycopg.capabilities.has_stream_chunked() else 1
    # A stream that is left early holds the connection until it is closed.
    with closing(connection.cursor().stream(query, parameters, size=size)) as rows:
        yield from rows


def _check_zone(connection: psycopg.Connection, where: Range) -> None:
    if where.zone is None:
        return
    try:
        connection.execute("SELECT now() AT TIME ZONE %s", (where.zone.key,))
    except psycopg.errors.InvalidParameterValue as error:
        raise UsageError(f"the database does not know the time zone {where.zone.key}") from error
