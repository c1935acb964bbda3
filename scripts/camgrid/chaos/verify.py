"""Compares the database with a ledger: every acknowledged write one by one, and every row that is there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from camgrid.chaos.ground import CAMERAS
from camgrid.chaos.ledger import Row, Write

_TABLES = {"counting_results": "zone_id", "camera_events": "id"}


@dataclass
class Verdict:
    """What is wrong with what is stored. lost: acknowledged and not (wholly) there; doubled: there more than once;
    halves: transactions of which a part is there, acknowledged or not; unknown: nobody sent them."""

    lost: list[Write] = field(default_factory=list)
    doubled: list[Row] = field(default_factory=list)
    halves: list[Write] = field(default_factory=list)
    unknown: list[Row] = field(default_factory=list)

    @property
    def true(self) -> bool:
        """Whether all is as the clients were told."""
        return not (self.lost or self.doubled or self.halves or self.unknown)


def compare(sent: list[Write], acknowledged: set[int], *looks: Counter[Row]) -> Verdict:
    """Judges what was found of what was sent. looks: row → how often it was found; each has to be right on its own."""
    verdict = Verdict()
    known = {row for write in sent for row in write.rows}
    for write in sent:
        there = [sum(row in found for row in write.rows) for found in looks]
        if write.number in acknowledged and min(there) < len(write.rows):
            verdict.lost.append(write)
        if any(0 < count < len(write.rows) for count in there):
            verdict.halves.append(write)
    everything = set().union(*looks)
    verdict.doubled = sorted(row for row in everything if any(found[row] > 1 for found in looks))
    verdict.unknown = sorted(everything - known)
    return verdict


def stored(conn: psycopg.Connection) -> tuple[Counter[Row], Counter[Row]]:
    """Rows of CAMERAS, each with how often it is there: as the tables tell, and as their months do one by one."""
    whole: Counter[Row] = Counter()
    months: Counter[Row] = Counter()
    for table, key in _TABLES.items():
        whole.update(_rows(conn, table, table, key))
        for (month,) in conn.execute("SELECT partition_name FROM camgrid.list_partitions(%s)", (table,)).fetchall():
            months.update(_rows(conn, table, month, key))
    return whole, months


def _rows(conn: psycopg.Connection, table: str, source: str, key: str) -> list[Row]:
    query = sql.SQL('SELECT camera_id, {}, "timestamp" FROM {} WHERE camera_id BETWEEN %s AND %s').format(
        sql.Identifier(key), sql.Identifier("camgrid", source)
    )
    return [
        Row(table, camera, value if isinstance(value, int) else str(value), moment)
        for camera, value, moment in conn.execute(query, CAMERAS)
    ]


def remove(conn: psycopg.Connection) -> int:
    """Removes all rows of CAMERAS; returns how many there were."""
    removed = 0
    for table in _TABLES:
        statement = sql.SQL("DELETE FROM {} WHERE camera_id BETWEEN %s AND %s")
        removed += conn.execute(statement.format(sql.Identifier("camgrid", table)), CAMERAS).rowcount
    return removed
