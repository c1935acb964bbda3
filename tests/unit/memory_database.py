"""A database in memory for the tests of the import's loop."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace

import psycopg

from camgrid.ingest import store
from camgrid.ingest.log import Progress


class Database:
    """What the import's SQL does, without SQL: a table, the log, and a transaction that can fail at its end."""

    info = SimpleNamespace(host="memory", port=0)

    def __init__(self):
        self.table, self.progress, self.fail_before, self.fail_after, self.ways = {}, Progress(), set(), set(), []
        self.commits = 0

    def close(self):
        pass

    @contextmanager
    def transaction(self):
        table, progress = dict(self.table), self.progress
        try:
            yield
            self.commits += 1
            if self.commits in self.fail_before:
                raise psycopg.OperationalError("lost before the commit")
        except BaseException:
            self.table, self.progress = table, progress
            raise
        if self.commits in self.fail_after:
            raise psycopg.OperationalError("lost after the commit")

    def copy(self, connection, columns, lines):
        self.ways.append("copy")
        rows = dict(line.rsplit("\t", 1) for line in lines)
        if rows.keys() & self.table.keys():
            raise psycopg.errors.UniqueViolation
        self.table |= rows
        return store.Outcome(len(lines))

    def merge(self, connection, columns, lines):
        self.ways.append("merge")
        outcome = store.Outcome()
        for n, (key, value) in enumerate(line.rsplit("\t", 1) for line in lines):
            if key not in self.table:
                self.table[key] = value
                outcome.stored += 1
            elif self.table[key] == value:
                outcome.present += 1
            else:
                outcome.refused.append((n, "a different result is already stored: …"))
        return outcome
