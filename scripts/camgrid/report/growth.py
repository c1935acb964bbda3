"""`camgrid report growth`: how much is added month by month, and where that leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import psycopg

from camgrid.report.counts import Request as Counts
from camgrid.report.counts import rows as count_rows
from camgrid.report.events import Request as Events
from camgrid.report.events import rows as event_rows
from camgrid.report.scope import Scope
from camgrid.report.steps import step

COLUMNS = ("month", "table_name", "rows", "bytes", "storage")
RESULTS, EVENTS = "counting_results", "camera_events"
# Months that the trend is taken from; the running one is not whole.
_TREND_MONTHS = 6
MONTH = step("month")


@dataclass(frozen=True)
class Month:
    """A month, in UTC, of a table. rows and bytes: None where they could not be read; bytes: with indexes."""

    month: date
    table: str
    rows: int | None
    bytes: int | None
    storage: str | None

    def row(self) -> tuple:
        """In the order of COLUMNS."""
        return self.month.isoformat()[:7], self.table, self.rows, self.bytes, self.storage


def result_rows(connection: psycopg.Connection, scope: Scope) -> dict[tuple[str, date], int]:
    """Counting results of each month; connection: as reporter."""
    found = count_rows(connection, scope, Counts(MONTH))
    return {(RESULTS, row[0].date()): row[-1] for row in found}


def event_count(connection: psycopg.Connection, scope: Scope) -> dict[tuple[str, date], int]:
    """Events of each month; connection: as reader."""
    found: dict[tuple[str, date], int] = {}
    for row in event_rows(connection, scope, Events(MONTH)):
        found[EVENTS, row[0].date()] = found.get((EVENTS, row[0].date()), 0) + row[-1]
    return found


def stored(connection: psycopg.Connection) -> dict[tuple[str, date], tuple[int | None, str]]:
    """Bytes on all primaries, and how it is stored, of each month of each table; connection: as monitor."""
    query = "SELECT table_name, start_date, bytes, storage FROM camgrid.partition_details()"
    return {(table, month): (size, storage) for table, month, size, storage in connection.execute(query).fetchall()}


def months(
    rows: Mapping[tuple[str, date], int], sizes: Mapping[tuple[str, date], tuple[int | None, str]]
) -> list[Month]:
    """Every month that is there or has rows, in order; months without a row are 0 where the table was counted."""
    counted = {table for table, _ in rows}
    return [
        Month(
            month,
            table,
            rows.get((table, month), 0 if table in counted else None),
            *sizes.get((table, month), (None, None)),
        )
        for month, table in sorted({(month, table) for table, month in {*rows, *sizes}})
    ]


def trend(found: Sequence[Month], today: date | None = None) -> list[dict[str, Any]]:
    """Per table: mean rows and bytes of the last whole months with rows, growth a month in per cent, and a year on.

    bytes_in_a_year: what there is and twelve such months more, at today's bytes a row.
    """
    this_month = (today or datetime.now(UTC).date()).replace(day=1)
    answer = []
    for table in sorted({month.table for month in found}):
        full = [month for month in found if month.table == table and month.rows and month.month < this_month]
        last = full[-_TREND_MONTHS:]
        total = sum(month.bytes or 0 for month in found if month.table == table)
        if not last:
            answer.append({"table_name": table, "months": 0, "bytes": total})
            continue
        rows = round(sum(month.rows or 0 for month in last) / len(last))
        size = round(sum(month.bytes or 0 for month in last) / len(last))
        first, newest = last[0].rows or 1, last[-1].rows or 1
        growth = round(100 * ((newest / first) ** (1 / (len(last) - 1)) - 1), 1) if len(last) > 1 else None
        answer.append(
            {
                "table_name": table,
                "months": len(last),
                "rows_a_month": rows,
                "bytes_a_month": size,
                "percent_a_month": growth,
                "bytes": total,
                "bytes_in_a_year": total + 12 * size,
            }
        )
    return answer
