"""Alerts that the database raised: which stand, who is at it, and what each is raised at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import class_row

from camgrid.errors import UsageError
from camgrid.finding import Finding

_COLUMNS = """
    id, status, severity, trigger_type, subject, title, message, next_step, current_value, threshold_value,
    raised_at, last_seen, acknowledged_by, acknowledged_at, resolved_by, resolved_at, note
"""


@dataclass(frozen=True)
class Alert:
    """A row of camgrid.alerts. status: open, acknowledged or resolved; resolved_by: camgrid, or the person's name."""

    id: int
    status: str
    severity: str
    trigger_type: str
    subject: str
    title: str
    message: str
    next_step: str
    current_value: Decimal
    threshold_value: Decimal
    raised_at: datetime
    last_seen: datetime
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    resolved_by: str | None = None
    resolved_at: datetime | None = None
    note: str | None = None


@dataclass(frozen=True)
class Threshold:
    """What alerts of one kind are raised at. per: cluster, or what it is multiplied by: each group, each node."""

    trigger_type: str
    threshold: Decimal
    unit: str
    per: str
    raise_after: timedelta
    severity: str
    enabled: bool
    reason: str
    set_by: str
    set_at: datetime


def listed(conn: psycopg.Connection, *, resolved: int = 0) -> list[Alert]:
    """Alerts that stand, the gravest first, and then so many of those that were resolved last."""
    query = f"""
        (SELECT {_COLUMNS} FROM camgrid.alerts WHERE status IN ('open', 'acknowledged')
            ORDER BY array_position('{{critical,high,medium,low}}'::text[], severity), raised_at, id)
        UNION ALL
        (SELECT {_COLUMNS} FROM camgrid.alerts WHERE status = 'resolved' ORDER BY resolved_at DESC, id DESC LIMIT %s)
    """  # noqa: S608 - names of columns, written above
    with conn.cursor(row_factory=class_row(Alert)) as cursor:
        return cursor.execute(query, (resolved,)).fetchall()


def acknowledge(conn: psycopg.Connection, number: int, note: str | None = None) -> Alert:
    """Notes that somebody is at it. conn: as admin, signed. UsageError when no such alert stands."""
    return _done(conn, "SELECT camgrid.acknowledge_alert(%s, %s)", number, note)


def resolve(conn: psycopg.Connection, number: int, note: str | None = None) -> Alert:
    """Ends it by hand. conn: as admin, signed. UsageError when no such alert stands."""
    return _done(conn, "SELECT camgrid.resolve_alert(%s, %s)", number, note)


def _done(conn: psycopg.Connection, statement: str, number: int, note: str | None) -> Alert:
    try:
        conn.execute(statement, (number, note))
    except psycopg.errors.NoDataFound as error:
        raise UsageError(f"no alert {number} stands", hint="camgrid alerts list --all") from error
    with conn.cursor(row_factory=class_row(Alert)) as cursor:
        return cursor.execute(f"SELECT {_COLUMNS} FROM camgrid.alerts WHERE id = %s", (number,)).fetchone()  # noqa: S608


def thresholds(conn: psycopg.Connection) -> list[Threshold]:
    """What each kind is raised at."""
    query = """
        SELECT trigger_type, threshold, unit, per, raise_after, severity, enabled, reason, set_by, set_at
        FROM camgrid.scaling_thresholds ORDER BY trigger_type
    """
    with conn.cursor(row_factory=class_row(Threshold)) as cursor:
        return cursor.execute(query).fetchall()


def set_threshold(
    conn: psycopg.Connection, kind: str, *, value: Decimal | None, after: timedelta | None, enabled: bool | None
) -> None:
    """Changes what is not None. conn: as admin, signed."""
    conn.execute("SELECT camgrid.set_scaling_threshold(%s, %s, %s, %s)", (kind, value, after, enabled))


def findings(alerts: Sequence[Alert | dict[str, Any]]) -> list[Finding]:
    """What is wrong by them. One that somebody is at is nobody else's trouble."""
    return [
        Finding(f"{one['title']}: {one['message']} (alert {one['id']})", one["subject"], one["next_step"])
        for one in (each if isinstance(each, dict) else asdict(each) for each in alerts)
        if one["status"] == "open"
    ]
