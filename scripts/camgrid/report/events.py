"""`camgrid report events`: how many events of which type and severity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import psycopg
from psycopg import sql

from camgrid.report.counts import period
from camgrid.report.plan import RAW
from camgrid.report.query import Sums, split_columns
from camgrid.report.scope import Scope, stream
from camgrid.report.steps import Step

# Who may read events; the role of reports may not.
ROLE = "reader"


@dataclass(frozen=True)
class Request:
    """step: split by time; per: camera or site; limit: rows at most."""

    step: Step | None = None
    per: Sequence[str] = ()
    limit: int | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the answer's columns."""
        return (*(["period"] if self.step else []), *split_columns(self.per), "event_type", "severity", "events")


def rows(connection: psycopg.Connection, scope: Scope, request: Request) -> Iterator[tuple]:
    """The answer row by row, in the order of request.columns; the most severe first within a period."""
    where = scope.wanted.range
    sums = Sums(RAW, where, step=request.step, per=request.per, cameras=scope.cameras.ids)
    parts = {"period": sums.period()} if request.step else {}
    keys = {name: sql.SQL("part.period") for name in parts} | {
        name: sql.SQL(source) for name, source in split_columns(request.per).items()
    }
    parts |= {"camera_id": sql.SQL("r.camera_id")} if request.per else {}
    count = len(keys)
    query = sql.SQL(
        "SELECT {keys}part.event_type::text, part.severity::text, sum(part.events)::bigint FROM ("
        "SELECT {parts}r.event_type, r.severity, count(*) AS events FROM camgrid.camera_events AS r{join} "
        "WHERE {conditions} GROUP BY {inner}) AS part "
        "LEFT JOIN camgrid.cameras ON {joined} "
        "GROUP BY {group}part.severity, part.event_type "
        "ORDER BY {group}part.severity DESC, part.event_type LIMIT %(limit)s"
    ).format(
        keys=_listed(f"{{}} AS {name}" for name in keys).format(*keys.values()) if keys else sql.SQL(""),
        parts=_listed(f"{{}} AS {name}" for name in parts).format(*parts.values()) if parts else sql.SQL(""),
        join=sql.SQL(sums.join()),
        conditions=sums.conditions(),
        inner=sql.SQL(", ").join(sql.SQL(str(number)) for number in range(1, len(parts) + 3)),
        joined=sql.SQL("cameras.id = part.camera_id" if request.per else "false"),
        group=sql.SQL("".join(f"{number}, " for number in range(1, count + 1))),
    )
    limit = None if request.limit is None else request.limit + 1
    for row in stream(connection, query, replace(sums, zone_id=None).parameters() | {"limit": limit}):
        yield (period(row[0], where), *row[1:]) if request.step else row


def _listed(parts: Iterator[str]) -> sql.SQL:
    return sql.SQL("".join(f"{part}, " for part in parts))
