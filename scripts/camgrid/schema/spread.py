"""Spreads what a database has over the nodes of Citus, where it was made before Citus was there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from psycopg import sql

from camgrid.console import say
from camgrid.schema import checks
from camgrid.schema.step import Connection


@dataclass(frozen=True)
class HereOnly:
    """Names of what is on this node alone though Citus is there."""

    roles: tuple[str, ...] = ()
    extensions: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()


NOTHING = HereOnly()

_HERE_ONLY = """
    WITH found AS (
        SELECT 'role' AS kind, rolname::text AS name, 'pg_authid'::regclass AS classid, oid AS objid
        FROM pg_authid WHERE rolname ~ '^camgrid_'
        UNION ALL
        SELECT 'extension', extname, 'pg_extension'::regclass, oid FROM pg_extension
        UNION ALL
        SELECT 'function', proname, 'pg_proc'::regclass, oid FROM pg_proc
        WHERE pronamespace = to_regnamespace('camgrid')
        UNION ALL
        SELECT 'function', relname, 'pg_class'::regclass, oid FROM pg_class
        WHERE relnamespace = to_regnamespace('camgrid') AND relkind = 'v'
    )
    SELECT kind, name FROM found WHERE NOT EXISTS (
        SELECT FROM pg_dist_object AS d WHERE (d.classid, d.objid) = (found.classid, found.objid)
    )
    ORDER BY name
"""


def has_citus(conn: Connection) -> bool:
    """Whether the database has the extension."""
    return conn.execute("SELECT FROM pg_extension WHERE extname = 'citus'").rowcount > 0


def here_only(conn: Connection) -> HereOnly:
    """What is not on all nodes and should be. Citus lists what it keeps on all of them."""
    if not has_citus(conn):
        return NOTHING
    names: dict[str, list[str]] = {"role": [], "extension": [], "function": []}
    for kind, name in conn.execute(_HERE_ONLY):
        names[kind].append(name)
    return HereOnly(tuple(names["role"]), frozenset(names["extension"]), frozenset(names["function"]))


def role(name: str) -> Callable[[Connection], object]:
    """Brings a role with its password and memberships to all nodes.

    Citus copies a role where a type that it copies is in a schema of the role's; both go again.
    """

    def run(conn: Connection) -> None:
        bearer, owner = sql.Identifier(f"bearer_of_{name}"), sql.Identifier(name)
        # Else the schema would be made on the workers before the role is there.
        conn.execute("SET LOCAL citus.enable_ddl_propagation = off")
        conn.execute(sql.SQL("CREATE SCHEMA {} AUTHORIZATION {}").format(bearer, owner))
        conn.execute("SET LOCAL citus.enable_ddl_propagation = on")
        conn.execute(sql.SQL("CREATE TYPE {}.word AS ENUM ('it')").format(bearer))
        conn.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(bearer))

    return run


def distributed(conn: Connection) -> bool:
    """Whether every table is spread that should be, and has all that it had; False as well while nothing can tell."""
    if not conn.execute("SELECT to_regproc('camgrid.undistributed_tables')").fetchone()[0] or not has_citus(conn):
        return False
    missing = conn.execute("SELECT FROM camgrid.undistributed_tables()").rowcount
    return not missing and not any(checks.held(conn, table) for table in _partitioned(conn))


def distribute(conn: Connection) -> None:
    """Spreads the tables; those with rows while they are written to. conn: in autocommit.

    Stopped at any moment, it leaves each table spread or not; what a half copied one left on workers goes first.
    """
    conn.execute("CALL citus_cleanup_orphaned_resources()")
    # Those that note changes for the rollups keep to what Citus allows in a trigger.
    conn.execute("SET citus.enable_unsafe_triggers = on")
    for name, has_rows, statement in conn.execute("SELECT * FROM camgrid.undistributed_tables()").fetchall():
        started = time.monotonic()
        if has_rows:
            checks.hold(conn, name)
        conn.execute(statement)
        if has_rows:
            say(f"distributed {name} with its rows in {time.monotonic() - started:.1f} s")
    for table in _partitioned(conn):
        checks.give_back(conn, table)


def _partitioned(conn: Connection) -> list[str]:
    return [name for (name,) in conn.execute("SELECT camgrid.partitioned_tables()")]
