"""The triggers that note changes of counting results for the rollups."""

from __future__ import annotations

import psycopg

from camgrid.schema import spread
from camgrid.schema.step import Connection

# Each waits two seconds for writers; between two of them everybody who waited behind is served.
_TRIES = 30


def watched(conn: Connection) -> bool:
    """Whether all three triggers are there; that of shards is Citus's, which gives each shard what the table has."""
    query = """
        SELECT count(*) FROM pg_trigger
        WHERE tgrelid = to_regclass('camgrid.counting_results')
            AND tgname IN ('note_insert', 'note_update', 'note_delete')
    """
    return conn.execute(query).fetchone()[0] == 3


def watch(conn: Connection) -> None:
    """Makes them, between the writers. conn: in autocommit. Raises psycopg's LockNotAvailable after a minute."""
    # Where results are spread their notes must be, and a database that was older when the steps were made may not
    # have known of them.
    if spread.has_citus(conn):
        spread.distribute(conn)
    for left in reversed(range(_TRIES)):
        try:
            conn.execute("SELECT camgrid.watch_changes()")
            return
        except psycopg.errors.LockNotAvailable:
            if not left:
                raise
