"""What a benchmark knows of the cluster: where its cameras live, and the ways to ask about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import psycopg

from camgrid import endpoints
from camgrid.cli.app import App
from camgrid.connect import parameters
from camgrid.errors import UsageError
from camgrid.router import wording
from camgrid.router.shard_map import ShardMap, from_metadata
from camgrid.router.statements import metadata
from camgrid.topology import DOMAIN, POOL_PORT, Node

# No camera of anybody has these; what a benchmark stores is known by them.
FIRST_CAMERA, MOST_CAMERAS = 700_000, 99_999
# Where every host has its certificate and key.
NODE_PEM = "/etc/camgrid/pki/node.pem"
TABLES = ("counting_results", "camera_events", "camera_latest")


@dataclass(frozen=True)
class Home:
    """Cameras that live together. node: their primary; position: of their shards in the map, None without shards."""

    node: Node
    position: int | None
    cameras: tuple[int, ...]


class Ground:
    """The cluster, as a benchmark asks it. cameras: how many it simulates."""

    def __init__(self, app: App, cameras: int) -> None:
        if not app.topology.pooled:
            raise UsageError(
                "a benchmark goes through pools and proxies, and this phase has none",
                where=f"phase {app.topology.phase}",
                hint="read_scaling or later",
            )
        self.app, self.inventory, self.topology = app, app.inventory, app.topology
        self.cameras = range(FIRST_CAMERA, FIRST_CAMERA + cameras)

    def admin(self) -> psycopg.Connection:
        """A connection as superuser, in autocommit."""
        return self.app.connect("admin", autocommit=True)

    def homes(self) -> list[Home]:
        """The cameras by shard; one home where nothing is sharded."""
        if not self.shards.bounds:
            with self.admin() as conn:
                leader = next(node for node in self.topology.nodes if node.address == conn.info.host)
            return [Home(leader, None, tuple(self.cameras))]
        nodes = {node.name: node for node in self.topology.nodes}
        together: dict[int, list[int]] = {}
        for camera in self.cameras:
            together.setdefault(self.shards.position(camera), []).append(camera)
        return [
            Home(nodes[self.shards.primaries[self.shards.groups[position]]], position, tuple(cameras))
            for position, cameras in sorted(together.items())
        ]

    @cached_property
    def shards(self) -> ShardMap:
        """Where cameras live, as camgrid.router sees it."""
        with self.admin() as conn:
            return from_metadata(metadata(conn))

    def text(self, query: str, home: Home | None = None) -> str:
        """A query with tables in braces, as any node is asked it; or, for a home, as camgrid.router asks its shard."""
        return wording.local(query, self.shards, home.cameras[0]) if home else wording.plain(query)

    def endpoint(self, name: str, role: str) -> dict[str, Any]:
        """libpq's parameters of an endpoint, as an application would have them."""
        return endpoints.parameters(self.inventory, self.topology, role, name)

    def node(self, node: Node, role: str, *, pool: bool = True) -> dict[str, Any]:
        """libpq's parameters of one node: of its pool, or of PostgreSQL itself."""
        wanted = parameters(self.inventory, self.topology, role) | {"host": node.address}
        if pool:
            return wanted | {"port": str(POOL_PORT)}
        # PostgreSQL takes other nodes at their certificate only.
        return wanted | {"port": "5432", "sslcert": NODE_PEM}

    def months(self) -> list[tuple[Any, Any]]:
        """(start, end) of each month up to today's whose results can be stored, the oldest first."""
        query = """
            SELECT from_value, to_value FROM (
                SELECT
                    (regexp_match(bound, 'FROM \\(''([^'']+)'))[1]::timestamptz AS from_value,
                    (regexp_match(bound, 'TO \\(''([^'']+)'))[1]::timestamptz AS to_value
                FROM (
                    SELECT pg_get_expr(c.relpartbound, c.oid) AS bound
                    FROM pg_inherits AS i
                    JOIN pg_class AS c ON c.oid = i.inhrelid
                    JOIN pg_am AS a ON a.oid = c.relam
                    WHERE i.inhparent = 'camgrid.counting_results'::regclass AND a.amname = 'heap'
                ) AS bounds
            ) AS months
            WHERE from_value <= now() ORDER BY 1"""
        with self.admin() as conn:
            return conn.execute(query).fetchall()

    def versions(self) -> dict[str, str | None]:
        """Of PostgreSQL and, where it is, of Citus."""
        with self.admin() as conn:
            return {
                "postgresql": conn.execute("SHOW server_version").fetchone()[0].split()[0],
                "citus": conn.execute("SELECT max(extversion) FROM pg_extension WHERE extname = 'citus'").fetchone()[0],
            }


def by_node(homes: list[Home]) -> Iterator[tuple[Node, list[Home]]]:
    """Each node with the homes on it."""
    for node in sorted({home.node for home in homes}, key=lambda node: node.host):
        yield node, [home for home in homes if home.node == node]


def short(node: Node) -> str:
    """A node's name as a file's."""
    return node.name.removesuffix(f".{DOMAIN}")
