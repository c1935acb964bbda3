"""Shards that lie on a node though the metadata says that they are elsewhere: what a broken move can leave."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from camgrid import queries
from camgrid.errors import CamgridError

# Asked over Citus's own connections: to others it hides shards.
_TABLES = """
    SELECT coalesce(json_agg(format('%I.%I', n.nspname, c.relname)), '[]')
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = 'camgrid' AND c.relkind IN ('r', 'p') AND c.relname ~ '_\\d{6,}$'
"""
_FOUND = """
    WITH there AS (
        SELECT n.groupid, name, substring(name FROM '_(\\d+)"?$')::bigint AS shardid
        FROM run_command_on_workers(%s) AS r
        JOIN pg_dist_node AS n ON n.nodename = r.nodename AND n.nodeport = r.nodeport
        CROSS JOIN LATERAL json_array_elements_text(r.result::json) AS name
        WHERE r.success
    )
    SELECT t.groupid, t.name FROM there AS t
    -- What is moved or split now is on two nodes.
    WHERE NOT EXISTS (SELECT FROM pg_dist_placement AS p WHERE p.groupid = t.groupid AND p.shardid = t.shardid)
        AND NOT EXISTS (SELECT FROM pg_dist_cleanup AS c WHERE c.node_group_id = t.groupid AND c.object_name = t.name)
    ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Orphan:
    """A table on a worker group that is no placement of any shard."""

    group: int
    table: str


def find(conn: psycopg.Connection) -> list[Orphan]:
    """Orphans that Citus does not have on its own list. Tells nothing true while shards move."""
    return [Orphan(group, table) for group, table in conn.execute(_FOUND, (_TABLES,)).fetchall()]


def hand_over(conn: psycopg.Connection, orphans: list[Orphan]) -> None:
    """Puts orphans on Citus's list of what to remove: it drops them under its own locks.

    CamgridError while shards move, as what is being copied is no orphan.
    """
    if orphans and (moving := conn.execute(queries.text("shard_moves")).fetchone()):
        raise CamgridError(moving[0], where="coordinator", hint="camgrid rebalance watch; then try again")
    for orphan in orphans:
        # Object type 1 is a shard placement, policy 2 removes it however its move ended (Citus: shard_cleaner.h).
        conn.execute(
            """
            INSERT INTO pg_dist_cleanup
                (record_id, operation_id, object_type, object_name, node_group_id, policy_type)
            VALUES (nextval('pg_dist_cleanup_recordid_seq'), nextval('pg_dist_operationid_seq'), 1, %s, %s, 2)
            """,
            (orphan.table, orphan.group),
        )
