"""Where each camera lives: read from Citus's metadata in one statement, kept as it was at one moment."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from camgrid.errors import CamgridError
from camgrid.router.camera_hash import camera_hash

# Any node can answer both. Citus's catalogs are not there to be named on a database without it.
CITUS = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')"
METADATA = """
    SELECT json_build_object(
        'hash', hashint4(1),
        'shards', (
            SELECT coalesce(json_agg(json_build_array(s.shardminvalue::integer, p.groupid)), '[]')
            FROM pg_dist_shard AS s
            JOIN pg_dist_placement AS p USING (shardid)
            WHERE s.logicalrelid = to_regclass('camgrid.counting_results') AND s.shardminvalue IS NOT NULL
                AND p.shardstate = 1
        ),
        'tables', (
            SELECT coalesce(json_object_agg(t.relname, t.shards), '{}') FROM (
                SELECT c.relname, json_agg(json_build_array(
                    s.shardminvalue::integer, s.shardid, shard_name(s.logicalrelid, s.shardid)
                )) AS shards
                FROM pg_dist_partition AS d
                JOIN pg_dist_partition AS counts ON counts.colocationid = d.colocationid
                JOIN pg_dist_shard AS s ON s.logicalrelid = d.logicalrelid AND s.shardminvalue IS NOT NULL
                JOIN pg_class AS c ON c.oid = d.logicalrelid
                WHERE counts.logicalrelid = to_regclass('camgrid.counting_results') AND NOT c.relispartition
                    AND c.relnamespace = to_regnamespace('camgrid') AND c.relname ~ '^[a-z_][a-z0-9_]*$'
                GROUP BY c.relname
            ) AS t
        ),
        'nodes', (
            SELECT coalesce(json_agg(json_build_array(nodename, groupid, noderole = 'primary')), '[]')
            FROM pg_dist_node WHERE isactive
        )
    )"""


class Shard(NamedTuple):
    """One shard of one table: Citus's number, and its relation's name as SQL writes it."""

    number: int
    relation: str


@dataclass(frozen=True)
class ShardMap:
    """The shards' lower bounds, in order, with the group of each; group → name of its primary, names of its replicas.

    shards: table → its shards in the bounds' order, for each table beside counting_results. Without bounds (no
    Citus, or tables that are not distributed yet) no camera has a node of its own.
    """

    bounds: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    primaries: dict[int, str] = field(default_factory=dict)
    replicas: dict[int, tuple[str, ...]] = field(default_factory=dict)
    shards: dict[str, tuple[Shard, ...]] = field(default_factory=dict)
    # Queries that were already worded for a shard of this map: see wording.py. They follow from it, and end with it.
    wordings: dict[tuple[str, int], str] = field(default_factory=dict, compare=False, repr=False)

    def position(self, camera_id: int) -> int | None:
        """Which of the bounds a camera belongs to, or None where nothing is sharded. UsageError for what is no id."""
        hashed = camera_hash(camera_id)
        return bisect_right(self.bounds, hashed) - 1 if self.bounds else None

    def group(self, camera_id: int) -> int | None:
        """The group that holds a camera's rows, or None where nothing is sharded. UsageError for what is no id."""
        position = self.position(camera_id)
        return None if position is None else self.groups[position]


def from_metadata(answer: dict[str, Any] | None) -> ShardMap:
    """The map that METADATA's answer means; an empty one for None, which is a database without Citus.

    CamgridError when the server hashes otherwise than this library, whose map would then be wrong.
    """
    if not answer:
        return ShardMap()
    if answer["hash"] != camera_hash(1):
        raise CamgridError(
            "the server hashes cameras otherwise than the router", where="hashint4(1)", hint="update camgrid"
        )
    shards = sorted(answer["shards"])
    replicas: dict[int, tuple[str, ...]] = {}
    for name, group, primary in sorted(answer["nodes"]):
        if not primary:
            replicas[group] = (*replicas.get(group, ()), name)
    bounds = tuple(bound for bound, _ in shards)
    tables = {name: sorted(found) for name, found in answer["tables"].items()}
    return ShardMap(
        bounds=bounds,
        groups=tuple(group for _, group in shards),
        primaries={group: name for name, group, primary in answer["nodes"] if primary},
        replicas=replicas,
        shards={
            name: tuple(Shard(number, relation) for _, number, relation in found)
            for name, found in tables.items()
            if tuple(bound for bound, *_ in found) == bounds
        },
    )
