"""The SQL of sums: one shape for raw rows and rollups, all of it summed where the rows are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg import sql

from camgrid.report.plan import DAILY, HOURLY, RAW
from camgrid.report.ranges import AHEAD, BEHIND, Range, outer
from camgrid.report.steps import HOUR, ORIGIN, Step

SUMS = ("count_in", "count_out", "total_count", "results")
# What sums can be split by → column of the answer → where it comes from. Their order is that of the columns.
_SPLITS = {
    "site": {"site": "cameras.site"},
    "camera": {"camera_id": "part.camera_id", "camera_name": "cameras.name"},
    "zone": {"zone_id": "part.zone_id"},
}
SPLITS = tuple(_SPLITS)
_TABLES = {RAW: "camgrid.counting_results", HOURLY: "camgrid.counts_hourly", DAILY: "camgrid.counts_daily"}
_MOMENTS = {RAW: 'r."timestamp"', HOURLY: "r.hour"}
# Results of a camera that nobody registered count on UTC's clock, as in the rollups.
_OWN_ZONE = "coalesce(c.timezone, 'UTC')"


@dataclass(frozen=True)
class Sums:
    """Sums of a source over a range. cameras: None means all.

    more: further columns to split by → their SQL, over the source r; measures: further columns of the innermost
    query → (how they are found there, how they are put together).
    """

    source: str
    range: Range
    step: Step | None = None
    per: Sequence[str] = ()
    cameras: list[int] | None = None
    zone_id: int | None = None
    more: Mapping[str, sql.Composable] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the columns that sums are split by."""
        return (*(["period"] if self.step else []), *self.more, *split_columns(self.per))

    def select(self, order: sql.Composable | None = None, limit: bool = False) -> sql.Composed:
        """The whole query: keys, then SUMS. Placeholders are those of parameters()."""
        names = {"site", "camera"} & set(self.per)
        parts = {"period": self.period()} if self.step else {}
        parts |= self.more
        if names:
            parts["camera_id"] = sql.SQL("r.camera_id")
        if "zone" in self.per:
            parts["zone_id"] = sql.SQL("r.zone_id")
        inner = sql.SQL("SELECT {columns} FROM {table} AS r{join} WHERE {conditions} {grouping}").format(
            columns=_comma([*_aliased(parts), *self._sums()]),
            table=self.table(),
            join=sql.SQL(self.join()),
            conditions=self.conditions(),
            grouping=_grouping(len(parts)),
        )
        keys = {
            name: sql.SQL("part.{}").format(sql.Identifier(name)) for name in ("period", *self.more) if name in parts
        }
        keys |= {name: sql.SQL(where) for name, where in split_columns(self.per).items()}
        # Summed by camera first, where the rows are; only the sums meet the cameras' names and sites.
        return sql.SQL("SELECT {columns} FROM ({inner}) AS part{join} {grouping}{order}{limit}").format(
            columns=_comma([*_aliased(keys), *map(sql.SQL, (f"sum(part.{name})::bigint AS {name}" for name in SUMS))]),
            inner=inner,
            join=sql.SQL(" LEFT JOIN camgrid.cameras ON cameras.id = part.camera_id" if names else ""),
            grouping=_grouping(len(keys)) if keys else sql.SQL("HAVING count(*) > 0 AND sum(part.results) > 0"),
            order=sql.SQL(" ORDER BY {}").format(order or _numbers(len(keys))) if keys else sql.SQL(""),
            limit=sql.SQL(" LIMIT %(limit)s" if limit else ""),
        )

    def parameters(self) -> dict[str, Any]:
        """Values of the query's placeholders."""
        return {
            "timezone": self.range.zone_name,
            "start": self._bound(self.range.start),
            "end": self._bound(self.range.end),
            "outer_start": outer(self.range.start, -AHEAD),
            "outer_end": outer(self.range.end, BEHIND),
            "cameras": self.cameras,
            "zone_id": self.zone_id,
        }

    def table(self) -> sql.Composable:
        """The table that the source is."""
        return sql.SQL(_TABLES[self.source])

    def conditions(self) -> sql.Composable:
        """What rows of the table, as r, must satisfy."""
        return sql.SQL(" AND ").join(map(sql.SQL, self._conditions()))

    def clock(self) -> sql.Composable:
        """The source's moment on the clock of the range's zone, or of each camera's own."""
        if self.source == DAILY:
            return sql.SQL("r.day::timestamp")
        zone = "%(timezone)s" if self.range.zone else _OWN_ZONE
        return sql.SQL(f"({_MOMENTS[self.source]} AT TIME ZONE {zone})")

    def period(self) -> sql.Composable:
        """The beginning of a row's period: an instant, or a time of the clock where steps are longer than an hour."""
        step: Step = self.step
        clock = self.clock()
        if self.range.zone and not step.local:
            hour = sql.SQL(f"date_trunc('hour', {_MOMENTS[self.source]}, %(timezone)s)")
            if step.seconds == HOUR:
                return hour
            moment = sql.SQL(_MOMENTS[self.source])
            return sql.SQL("date_bin({}, {}, {})").format(_length(step), moment, hour)
        if step.unit:
            return sql.SQL("date_trunc({}, {})").format(sql.Literal(step.unit), clock)
        return sql.SQL("date_bin({}, {}, {}::timestamp)").format(_length(step), clock, sql.Literal(ORIGIN))

    def _sums(self) -> list[sql.Composable]:
        results = "count(*)" if self.source == RAW else "sum(r.results)"
        sums = [f"sum(r.{name}) AS {name}" for name in SUMS[:-1]]
        return [sql.SQL(text) for text in (*sums, f"{results} AS results")]

    def join(self) -> str:
        """What the table, as r, is joined with."""
        own_clock = self.range.zone is None and self.source != DAILY
        return " LEFT JOIN camgrid.cameras AS c ON c.id = r.camera_id" if own_clock else ""

    def _conditions(self) -> list[str]:
        found = []
        for name, bound, sign in (("start", self.range.start, ">="), ("end", self.range.end, "<")):
            if bound is None:
                continue
            if self.source == DAILY:
                found.append(f"r.day {sign} %({name})s")
            elif bound.tzinfo:
                found.append(f"{_MOMENTS[self.source]} {sign} %({name})s")
            else:
                # The cameras' clocks decide; the instants around them spare months that cannot hold any.
                found.append(f"({_MOMENTS[self.source]} AT TIME ZONE {_OWN_ZONE}) {sign} %({name})s")
                found.append(f"{_MOMENTS[self.source]} {sign} %(outer_{name})s")
        found += ["r.camera_id = ANY(%(cameras)s)"] if self.cameras is not None else []
        found += ["r.zone_id = %(zone_id)s"] if self.zone_id is not None else []
        return found or ["true"]

    def _bound(self, bound: datetime | None) -> Any:
        if bound is None or self.source != DAILY:
            return bound
        return (bound.astimezone(self.range.zone) if self.range.zone else bound).date()


def split_columns(per: Sequence[str]) -> dict[str, str]:
    """Columns of the answer that the splits make → where they come from."""
    return {name: where for split, columns in _SPLITS.items() if split in per for name, where in columns.items()}


def _length(step: Step) -> sql.Composable:
    return sql.SQL("{}::interval").format(sql.Literal(f"{step.seconds} seconds"))


def _aliased(columns: Mapping[str, sql.Composable]) -> list[sql.Composable]:
    return [sql.SQL("{} AS {}").format(where, sql.Identifier(name)) for name, where in columns.items()]


def _grouping(count: int) -> sql.Composable:
    return sql.SQL("GROUP BY {}").format(_numbers(count)) if count else sql.SQL("")


def _numbers(count: int) -> sql.Composable:
    return _comma([sql.SQL(str(number)) for number in range(1, count + 1)])


def _comma(parts: Sequence[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)
