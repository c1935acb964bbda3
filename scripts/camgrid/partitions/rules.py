"""The rules by which months are made ahead, archived and dropped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from camgrid.errors import UsageError

_QUERY = """
    SELECT t AS table_name, r.* FROM camgrid.partitioned_tables() AS t
    CROSS JOIN LATERAL camgrid.partition_rule(t) AS r ORDER BY t
"""


@dataclass(frozen=True)
class Rule:
    """The rule of one table. Months are full ones since the month's end; None means never."""

    table_name: str
    months_ahead: int
    archive_after_months: int | None
    drop_after_months: int | None
    set_by: str = ""
    set_at: datetime | None = None

    def changed(self, **wanted: Any) -> Rule:
        """This rule with other numbers. UsageError when months would be archived only after they are dropped."""
        rule = replace(self, **wanted)
        archive, drop = rule.archive_after_months, rule.drop_after_months
        if archive and drop and archive >= drop:
            raise UsageError(
                f"{self.table_name}: archived after {archive} months, but dropped after {drop}",
                hint="drop later, or --archive-after never",
            )
        return rule

    def drops_more_than(self, before: Rule) -> bool:
        """Whether this rule drops months that the one before it would have kept for longer."""
        if self.drop_after_months is None:
            return False
        return before.drop_after_months is None or self.drop_after_months < before.drop_after_months


def current(connection: psycopg.Connection) -> list[Rule]:
    """The rule of every table."""
    with connection.cursor(row_factory=class_row(Rule)) as cursor:
        return cursor.execute(_QUERY).fetchall()


def store(connection: psycopg.Connection, rule: Rule) -> None:
    """Makes a rule the one that holds; earlier ones stay in partition_rules."""
    connection.execute(
        "SELECT camgrid.set_partition_rule(%s, %s, %s, %s)",
        (rule.table_name, rule.months_ahead, rule.archive_after_months, rule.drop_after_months),
    )
