"""Where each shard is, how large it is, and which cameras load it: read from the catalogs and the nodes' statistics."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import psycopg
from psycopg.rows import class_row

# A node that does not answer measures nothing either.
_UNTRACKED = """
    SELECT n.groupid
    FROM run_command_on_all_nodes(
        'SELECT current_setting(''citus.stat_tenants_track'')', give_warning_for_connection_errors := TRUE
    ) AS a
    JOIN pg_dist_node AS n USING (nodeid)
    WHERE NOT a.success OR a.result = 'none'
    ORDER BY n.groupid
"""


@dataclass(frozen=True)
class Shard:
    """A shard of counting_results with all that moves with it. bytes: None with a reason when its node is silent.

    hash_low, hash_high: the hashes of the cameras in it; None where nothing is sharded. result_rows: an estimate.
    """

    shard_id: int
    citus_group: int
    host: str
    hash_low: int | None
    hash_high: int | None
    bytes: int | None
    result_rows: int | None
    cameras: int
    reason: str | None = None

    @property
    def isolated(self) -> bool:
        """Whether it was made for one camera: no other hash falls into it."""
        return self.hash_low is not None and self.hash_low == self.hash_high

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self) | {"isolated": self.isolated}


@dataclass(frozen=True)
class Camera:
    """A camera's load in this and the last period, and its shard. name: None for one that is in no list of cameras."""

    camera_id: int
    name: str | None
    site: str | None
    shard_id: int
    citus_group: int
    host: str
    reads: int
    reads_before: int
    queries: int
    queries_before: int
    cpu_seconds: float
    cpu_seconds_before: float

    @property
    def cpu(self) -> float:
        """CPU seconds over both periods."""
        return self.cpu_seconds + self.cpu_seconds_before

    @property
    def statements(self) -> int:
        """Statements over both periods."""
        return self.queries + self.queries_before


@dataclass(frozen=True)
class Group:
    """A group that may hold shards, by its primary. node_id: Citus's number of that node; 0 without Citus."""

    citus_group: int
    host: str
    node_id: int = 0


@dataclass
class View:
    """All of it at one moment. untracked: groups, 0 too, that do not measure load; period: seconds of one."""

    sharded: bool
    untracked: list[int] = field(default_factory=list)
    period: int = 60
    groups: list[Group] = field(default_factory=list)
    shards: list[Shard] = field(default_factory=list)
    cameras: list[Camera] = field(default_factory=list)

    @property
    def tracked(self) -> bool:
        """Whether load is measured everywhere: the coordinator names the camera, the camera's node counts."""
        return self.sharded and not self.untracked

    def shard(self, number: int) -> Shard:
        """The shard of that number."""
        return next(shard for shard in self.shards if shard.shard_id == number)

    def shard_cpu(self) -> Counter[int]:
        """Shard → CPU seconds of its cameras."""
        return self._sum("shard_id")

    def group_cpu(self) -> Counter[int]:
        """Group → CPU seconds of its cameras."""
        return self._sum("citus_group")

    def _sum(self, key: str) -> Counter[int]:
        found: Counter[int] = Counter()
        for camera in self.cameras:
            found[getattr(camera, key)] += camera.cpu
        return found


def look(conn: psycopg.Connection) -> View:
    """What the database tells now. conn: as monitor or admin, in autocommit."""
    (sharded,) = conn.execute("SELECT camgrid.is_distributed('counting_results')").fetchone()
    view = View(sharded, shards=_all(conn, Shard, "SELECT * FROM camgrid.shard_sizes()"))
    if not sharded:
        view.groups = [Group(0, view.shards[0].host)]
        return view
    setting = "SELECT setting::integer FROM pg_settings WHERE name = 'citus.stat_tenants_period'"
    (view.period,) = conn.execute(setting).fetchone()
    view.untracked = [group for (group,) in conn.execute(_UNTRACKED)]
    view.groups = _all(
        conn,
        Group,
        """
        SELECT groupid AS citus_group, nodename AS host, nodeid AS node_id FROM pg_dist_node
        WHERE noderole = 'primary' AND shouldhaveshards ORDER BY groupid
        """,
    )
    view.cameras = _all(conn, Camera, "SELECT * FROM camgrid.hot_cameras()")
    return view


def _all(conn: psycopg.Connection, kind: type, query: str) -> list[Any]:
    with conn.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(query).fetchall()
