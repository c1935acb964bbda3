"""CHECK constraints of a table with months, while Citus distributes it online.

Citus renames the constraints of each table that it takes over, and then cannot put months and table together again,
whose names have to be the same. So each month gets the checks as its own, under another name, and the table gives its
own up until it is distributed. Every row is checked at any time. What is still to be given back is read from the months
themselves, so that a run that was stopped is made good by the next.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from camgrid.schema.step import Connection

_SUFFIX = "_kept"
# Others wait behind us while we wait for a lock: give up soon, and come again.
_LOCK_TIMEOUT, _TRIES = "2s", 30

_OF_TABLE = """
    SELECT c.conname, pg_get_expr(c.conbin, c.conrelid)
    FROM pg_constraint AS c
    WHERE c.contype = 'c' AND c.conrelid = to_regclass('camgrid.' || quote_ident(%s))
    ORDER BY c.conname
"""
_OF_MONTHS = """
    SELECT p.partition_name, c.conname, pg_get_expr(c.conbin, c.conrelid)
    FROM camgrid.list_partitions(%s) AS p
    JOIN pg_constraint AS c ON c.conrelid = to_regclass('camgrid.' || quote_ident(p.partition_name))
    WHERE c.contype = 'c' AND c.conislocal AND right(c.conname, length(%s)) = %s
    ORDER BY p.partition_name, c.conname
"""


def held(conn: Connection, table: str) -> bool:
    """Whether the table's checks are with its months."""
    return bool(_kept(conn, table))


def hold(conn: Connection, table: str) -> None:
    """Gives the table's checks to its months, in one transaction. conn: in autocommit.

    A table without months keeps them: nothing is put together again there, and nobody else would have them.
    """
    checks = conn.execute(_OF_TABLE, (table,)).fetchall()
    months = [name for (name,) in conn.execute("SELECT partition_name FROM camgrid.list_partitions(%s)", (table,))]
    if not checks or not months:
        return
    # The rows that are there have passed the same check: nothing is to be looked through.
    added = sql.SQL(", ").join(_add(name + _SUFFIX, expression) for name, expression in checks)
    statements = [_alter(month, added) for month in months]
    statements.append(_alter(table, sql.SQL(", ").join(_drop(name) for name, _ in checks)))
    _soon(conn, statements)


def give_back(conn: Connection, table: str) -> None:
    """Gives a table that is distributed the checks that its months kept for it. conn: in autocommit."""
    kept = _kept(conn, table)
    there = {name for name, _ in conn.execute(_OF_TABLE, (table,))}
    wanted = {name.removesuffix(_SUFFIX): expression for _, name, expression in kept}
    for name, expression in wanted.items():
        if name not in there:
            _soon(conn, [_alter(table, _add(name, expression))])
        conn.execute(_alter(table, sql.SQL("VALIDATE CONSTRAINT {}").format(sql.Identifier(name))))
    for month, name, _ in kept:
        _soon(conn, [_alter(month, _drop(name))])


def _kept(conn: Connection, table: str) -> list[tuple[str, str, str]]:
    return conn.execute(_OF_MONTHS, (table, _SUFFIX, _SUFFIX)).fetchall()


def _alter(table: str, what: sql.Composable) -> sql.Composed:
    return sql.SQL("ALTER TABLE {} {}").format(sql.Identifier("camgrid", table), what)


def _add(name: str, expression: str) -> sql.Composed:
    return sql.SQL("ADD CONSTRAINT {} CHECK ({}) NOT VALID").format(sql.Identifier(name), sql.SQL(expression))


def _drop(name: str) -> sql.Composed:
    return sql.SQL("DROP CONSTRAINT {}").format(sql.Identifier(name))


def _soon(conn: Connection, statements: list[sql.Composed]) -> None:
    """Runs statements in one transaction that waits for no lock for long; tries again while others hold it."""
    for left in reversed(range(_TRIES)):
        try:
            with conn.transaction():
                conn.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(_LOCK_TIMEOUT)))
                for statement in statements:
                    conn.execute(statement)
            return
        except psycopg.errors.LockNotAvailable:
            if not left:
                raise
