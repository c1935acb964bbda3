"""From cameras to rows and bytes: pure arithmetic. What a row takes comes from `costs` or from a running cluster."""

from __future__ import annotations

from dataclasses import dataclass, fields

from camgrid.capacity.costs import CHECKPOINT_S, REFRESH_S, Costs
from camgrid.capacity.quantities import MONTH_DAYS, MONTH_HOURS, MONTH_S
from camgrid.errors import UsageError

# Partitioned tables: each has its own shards for each month.
TABLES = 2


@dataclass(frozen=True)
class Workload:
    """What comes in and how long it is kept.

    rate: results of a camera a second, over all its zones; events: of a camera a day; batch: results of a camera that
    come in one statement; frame_data: bytes of JSON with each result; retention: full months after its end that a
    month's rows are kept; archive_after: full months until it becomes columnar, None for never; growth: of cameras in
    a year, 0.2 for a fifth; history: months that are stored at the start, at today's rate; shards: of each table.
    """

    cameras: int
    rate: float
    events: float = 20
    zones: int = 1
    batch: int = 1
    frame_data: int = 0
    retention: int = 24
    archive_after: int | None = 6
    growth: float = 0
    history: int = 0

    def check(self) -> Workload:
        """Itself. UsageError for what cannot be meant."""
        if self.cameras < 1 or self.zones < 1 or self.batch < 1:
            raise UsageError("cameras, zones and results in a statement are at least one")
        if self.rate <= 0:
            raise UsageError("a rate of 0 stores nothing: there is nothing to plan", hint="such as --rate 1/min")
        if self.retention < 1:
            raise UsageError("rows are kept for at least one month", hint="such as --retention 24mo")
        if self.archive_after is not None and not self.archive_after >= 1:
            raise UsageError("a month is archived after one full month at the earliest", hint="--archive-after 1mo")
        if self.archive_after is not None and self.archive_after >= self.retention:
            raise UsageError(
                f"months dropped after {self.retention} and archived after {self.archive_after} are never archived",
                hint="a longer --retention, a shorter --archive-after, or --archive-after never",
            )
        if self.events < 0 or self.frame_data < 0 or self.history < 0:
            raise UsageError("events, bytes and months of history are not negative")
        if not -1 < self.growth <= 10:
            raise UsageError("growth is between -99% and 1000% a year", hint="such as --growth 20%")
        return self

    def cameras_in(self, month: int) -> float:
        """Cameras in a month counted from now; before it there were as many as today."""
        return self.cameras * (1 + self.growth) ** (max(0, month) / 12)

    def results_in(self, month: int) -> float:
        """Results of a month: cameras x rate x seconds of a mean month."""
        return self.cameras_in(month) * self.rate * MONTH_S

    def events_in(self, month: int) -> float:
        """Events of a month."""
        return self.cameras_in(month) * self.events * MONTH_DAYS


@dataclass(frozen=True)
class Bytes:
    """Bytes by what they are. raw: tables of plain months; indexes: theirs; archive: columnar tables; archive_indexes:
    theirs, as plain as the others'; rollups: with indexes; empty: what shards of a month take without rows."""

    raw: float = 0
    indexes: float = 0
    archive: float = 0
    archive_indexes: float = 0
    rollups: float = 0
    empty: float = 0

    def __add__(self, other: Bytes) -> Bytes:
        return Bytes(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def total(self) -> float:
        """All of them: what one copy takes on disk."""
        return sum(getattr(self, each.name) for each in fields(self))


def month_bytes(work: Workload, costs: Costs, month: int, shards: int, *, archived: bool = False) -> Bytes:
    """One month of both tables, whole: rows x bytes a row, and what each shard takes beside its rows."""
    results, events = work.results_in(month), work.events_in(month)
    empty = float(TABLES * shards * costs.shard_month)
    if archived:
        return Bytes(
            archive=results * (costs.result_archive + work.frame_data * costs.frame_data_archived)
            + events * costs.event_archive,
            archive_indexes=results * costs.result_archive_index + events * costs.event_archive_index,
            empty=empty,
        )
    return Bytes(
        raw=results * (costs.result_heap + work.frame_data * costs.frame_data) + events * costs.event_heap,
        indexes=results * costs.result_index + events * costs.event_index,
        empty=empty,
    )


def rollup_rows(work: Workload, month: int) -> tuple[float, float]:
    """Rows that a month adds to counts_hourly and counts_daily: one for each camera, zone and hour with a result.

    Results spread evenly: with fewer than one an hour and zone, each makes a row of its own.
    """
    series = work.cameras_in(month) * work.zones
    a_second = work.rate / work.zones
    return series * MONTH_HOURS * min(1, a_second * 3600), series * MONTH_DAYS * min(1, a_second * 86_400)


def rollup_bytes(work: Workload, costs: Costs, month: int) -> float:
    """What a month adds to the rollups, which are never dropped."""
    hourly, daily = rollup_rows(work, month)
    return hourly * costs.hourly + daily * costs.daily


def held(work: Workload, costs: Costs, month: int, shards: int) -> Bytes:
    """What is stored at the end of a month, just before the next one begins: the most that it holds.

    The newest archive_after + 1 months are plain (the running one has just become whole), older ones archived, those
    older than retention + 1 dropped. Rollups of every month since the first are there, and the newest results.
    """
    first = -work.history
    oldest = max(first, month - work.retention)
    plain = work.retention if work.archive_after is None else work.archive_after
    total = Bytes(rollups=work.cameras_in(month) * work.zones * costs.latest)
    for each in range(oldest, month + 1):
        total += month_bytes(work, costs, each, shards, archived=month - each > plain)
    return total + Bytes(rollups=sum(rollup_bytes(work, costs, each) for each in range(first, month + 1)))


def wal_bytes(work: Workload, costs: Costs, month: int) -> float:
    """WAL of all primaries in a month.

    Rows, statements (a note for the rollups, a commit) and the job that keeps rollups: it writes an hour, a day and the
    newest result of each camera and zone that changed since its last run, every REFRESH_S seconds. Beside them the
    first change of a page after each checkpoint logs the page: for each camera and zone that wrote meanwhile a leaf of
    each of two indexes, and pages of rollups. Where WAL was measured, it is that for each result instead.
    """
    results, events = work.results_in(month), work.events_in(month)
    if costs.wal_all is not None:
        return results * costs.wal_all
    series = work.cameras_in(month) * work.zones
    a_second = work.rate / work.zones
    refreshes = series * MONTH_S * min(1 / REFRESH_S, a_second)
    written = min(1, a_second * CHECKPOINT_S)
    images = MONTH_S / CHECKPOINT_S * series * written * costs.images_a_series * costs.page_image
    archived = (results * costs.wal_archive) if work.archive_after is not None else 0
    return (
        results * (costs.wal_result + work.frame_data)
        + results / work.batch * costs.wal_statement
        + events * costs.wal_event
        + refreshes * costs.wal_refresh
        + images
        + archived
    )


def hot_bytes(work: Workload, costs: Costs, month: int) -> float:
    """What writes and the usual reads touch all the time: the running month's indexes, its part of the rollups, the
    newest results. Tables of the month are written at their ends only."""
    results, events = work.results_in(month), work.events_in(month)
    return (
        results * costs.result_index
        + events * costs.event_index
        + rollup_bytes(work, costs, month)
        + work.cameras_in(month) * work.zones * costs.latest
    )
