"""What things take: bytes of a row, of its WAL, of a shard without rows; core seconds of a statement.

Every constant was measured on a lab, and says how. `tests/cluster/test_capacity.py` guards those of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

# roles/patroni: checkpoint_timeout. A page that changes after a checkpoint is in the WAL as a whole once.
CHECKPOINT_S = 15 * 60
# The job that keeps rollups runs as often (sql/migrations/0010_rollups.sql).
REFRESH_S = 30


@dataclass(frozen=True)
class Costs:
    """Bytes of one copy, unless a field says otherwise. source, at: where they come from, and of which day.

    result_…, event_…: of a row, in tables and indexes of plain and archived months; hourly, daily, latest: of a row of
    the rollups, with its index; frame_data: of a byte of JSON; shard_…: of a shard and month without rows; wal_…: of a
    row or statement, of a camera in a run of the rollups' job, of a row that is archived; images_a_series: pages that a
    camera and zone has logged after a checkpoint, each page_image; backup_…, wal_ratio: in the repository over on disk.
    wal_all, backup_all: of a cluster that was measured, in place of all WAL's and backups' others.
    """

    source: str
    at: date
    result_heap: float
    result_index: float
    result_archive: float
    result_archive_index: float
    event_heap: float
    event_index: float
    event_archive: float
    event_archive_index: float
    hourly: float
    daily: float
    latest: float
    frame_data: float
    frame_data_archived: float
    shard_heap: float
    shard_index: float
    shard_archive: float
    shard_month: float
    wal_result: float
    wal_statement: float
    wal_event: float
    wal_refresh: float
    wal_archive: float
    page_image: float
    images_a_series: float
    backup_tables: float
    backup_indexes: float
    wal_ratio: float
    wal_all: float | None = None
    backup_all: float | None = None


# From docs/benchmarks.md (two cores for clients, coordinator, workers and replicas): one result a statement at its own
# node 10,800/s x 0.14, a hundred of a camera in one 59,800/s x 0.41. Two cores over these are core seconds a statement:
# row + statement = 2 / 1,512 and 100 row + statement = 100 x 2 / 24,518, solved for both.
_ONE, _HUNDRED = 2 / (10_800 * 0.14), 100 * 2 / (59_800 * 0.41)
CORE_S_A_RESULT = (_HUNDRED - _ONE) / 99
CORE_S_A_STATEMENT = _ONE - CORE_S_A_RESULT
# The newest result of a camera, from its own shard (camgrid.router with tables in braces): 9,400/s.
CORE_S_A_READ = 2 / 9_400

# PostgreSQL's least for a table with rows: three pages of its free space map, one of its visibility map, and one of the
# index of its TOAST table; for each of two indexes a meta page and a root. A columnar table begins at its third page.
_PAGE = 8192
_SHARD_HEAP, _SHARD_INDEX, _SHARD_ARCHIVE = 5 * _PAGE, 4 * _PAGE, 2 * _PAGE

# Bytes of rows: 10,004,000 results (84.47 + 88.21) and 400,000 events (221.6 + 109.3) of 1,000 cameras, one result a
# minute in the order of time, on 32 shards; less what the shards take without rows. Of the indexes the primary key
# takes 32.2 and counting_results_camera_time 56.0: a camera's newest come first, so its pages stay half full.
# Archive: 10,000,000 results and 400,000 events of another load, each result created at a microsecond of its own.
# Rollups: 167,000 hours, 7,000 days, less six pages a shard. Newest results are few and rewritten all the time.
# WAL (pg_stat_wal of all primaries): batches of 100 results 272 to 295 a result, ten million in one COPY 301; single
# ones 504 to 513, the note for the rollups and the commit included; single events 474 to 648; the rollups' job 978 for
# each camera that changed, page images apart; the archive 1.98 GB for those 10,400,000 rows. 1,000 cameras, each with a
# result a minute for five minutes after a checkpoint: 3,952 images of 2,390 bytes, four for each camera.
# Backups with zstd as roles/pgbackrest has it: 2.13 GB took 385 MB before the archive, 1.36 GB took 304 MB after it,
# 175 MB of that columnar and compressed already; solved for tables and indexes. WAL of 7.04 GB took 1.83 GB.
# JSON: 333 bytes with each of 200,000 results, 351 in the table. Archived, text that repeats itself took 0.06 of that;
# what cameras send does not, so half is reckoned with, which is an allowance and no measurement.
CONSTANTS = Costs(
    source="constants from a lab with PostgreSQL 17.12 and Citus 14.0.1",
    at=date(2026, 11, 27),
    result_heap=84.5,
    result_index=88.2,
    result_archive=15.1,
    result_archive_index=87.6,
    event_heap=222.0,
    event_index=109.0,
    event_archive=36.2,
    event_archive_index=103.8,
    hourly=121.0,
    daily=121.0,
    latest=300.0,
    frame_data=1.05,
    frame_data_archived=0.5,
    shard_heap=_SHARD_HEAP,
    shard_index=_SHARD_INDEX,
    shard_archive=_SHARD_ARCHIVE,
    shard_month=_SHARD_HEAP + _SHARD_INDEX,
    wal_result=283.0,
    wal_statement=227.0,
    wal_event=560.0,
    wal_refresh=980.0,
    wal_archive=185.0,
    page_image=2390.0,
    images_a_series=4.0,
    backup_tables=0.26,
    backup_indexes=0.11,
    wal_ratio=0.26,
)
