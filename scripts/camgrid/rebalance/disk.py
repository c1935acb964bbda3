"""Free disk space of nodes, asked of the nodes themselves: a replica can have less than its primary."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

_QUERY = """
    SELECT n.citus_group, n.node_name, (a.answer ->> 'available_disk_size')::bigint,
        (a.answer ->> 'total_disk_size')::bigint, a.reason
    FROM camgrid.known_nodes() AS n
    CROSS JOIN LATERAL camgrid.ask_node(n.node_name, 'SELECT * FROM citus_local_disk_space_stats()') AS a
    ORDER BY n.citus_group, n.node_name
"""


@dataclass(frozen=True)
class Disk:
    """The file system under a node's data. reason: why the node did not say; free and total are 0 then."""

    group: int
    node: str
    free: int
    total: int
    reason: str | None = None


def disks(conn: psycopg.Connection) -> list[Disk]:
    """The disk of every node that Citus knows. conn: the superuser's to the coordinator."""
    return [
        Disk(group, node, free or 0, total or 0, reason)
        for group, node, free, total, reason in conn.execute(_QUERY).fetchall()
    ]


def free_bytes(conn: psycopg.Connection) -> dict[int, int]:
    """Group → bytes that each of its members has free, which is what its fullest one has."""
    found: dict[int, int] = {}
    for disk in disks(conn):
        if disk.reason is None:
            found[disk.group] = min(found.get(disk.group, disk.free), disk.free)
    return found
