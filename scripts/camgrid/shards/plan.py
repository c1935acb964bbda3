"""What it takes to give one camera a shard of its own, and where that shard goes. Nothing is changed here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from camgrid.errors import UsageError
from camgrid.shards.look import Group, Shard, View
from camgrid.units import size


@dataclass(frozen=True)
class Plan:
    """A camera's way to a shard of its own. bytes: what moves, an estimate until the shard is split.

    source, target: the groups' primaries; the same when the shard stays. reason: why that target.
    """

    camera_id: int
    name: str | None
    shard: Shard
    bytes: int
    source: Group
    target: Group
    reason: str

    @property
    def splits(self) -> bool:
        """Whether its shard is still one that other cameras' hashes fall into."""
        return not self.shard.isolated

    @property
    def moves(self) -> bool:
        """Whether its shard is to go to another group."""
        return self.source != self.target

    @property
    def steps(self) -> list[str]:
        """What is done, in order; none when all is as wanted."""
        about = "about " if self.splits else ""
        found = []
        if self.splits:
            found.append(
                f"split: shard {self.shard.shard_id} ({size(self.shard.bytes or 0)}) is copied on {self.source.host} "
                f"into new ones, one of them ({about}{size(self.bytes)}) for camera {self.camera_id} alone"
            )
        if self.moves:
            found.append(
                f"move: that shard ({about}{size(self.bytes)}) from group {self.source.citus_group} "
                f"to group {self.target.citus_group} ({self.target.host})"
            )
        return found

    def text(self) -> str:
        """The plan for the reader."""
        others = self.shard.cameras - 1
        alone = "a shard of its own" if not self.splits else f"with {others} other camera{'' if others == 1 else 's'}"
        named = f" ({self.name})" if self.name else ""
        lines = [
            f"camera {self.camera_id}{named}: shard {self.shard.shard_id}, {alone}, "
            f"in group {self.source.citus_group}; {self.reason}"
        ]
        lines += [f"  {number}. {step}" for number, step in enumerate(self.steps, 1)]
        if self.steps:
            lines.append("  Reads and writes go on; writes to that shard wait for moments at the end of each step.")
        else:
            lines.append("  Nothing to do.")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "camera_id": self.camera_id,
            "name": self.name,
            "shard": self.shard.as_json(),
            "bytes": self.bytes,
            "source_group": self.source.citus_group,
            "target_group": self.target.citus_group,
            "reason": self.reason,
            "splits": self.splits,
            "moves": self.moves,
            "steps": self.steps,
        }


def make(conn: psycopg.Connection, view: View, camera_id: int, wanted: int | None = None) -> Plan:
    """The plan for a camera. conn: as admin; wanted: the group that it is to go to, None for the one with least load.

    Raises UsageError for a camera that is not known, a group that takes no shards, and where nothing is sharded.
    """
    if not view.sharded:
        raise UsageError(
            "nothing is sharded here: one group holds every camera",
            hint="worker groups come with camgrid_phase: horizontal",
        )
    camera = conn.execute("SELECT name, worker_hash(id) FROM camgrid.cameras WHERE id = %s", (camera_id,)).fetchone()
    if camera is None:
        raise UsageError(f"there is no camera {camera_id}", where="table cameras", hint="camgrid shards hot, or list")
    name, hashed = camera
    shard = next(each for each in view.shards if each.hash_low <= hashed <= each.hash_high)
    source = Group(shard.citus_group, shard.host, _node_id(conn, shard.citus_group))
    target, reason = _target(view, camera_id, source, wanted)
    moved = shard.bytes or 0
    if not shard.isolated:
        moved = int(moved * _share(conn, camera_id, shard))
    return Plan(camera_id, name, shard, moved, source, target, reason)


def least_loaded(view: View, camera_id: int) -> tuple[Group, str]:
    """The group that carries least without the camera, and by what measure: CPU where load is measured, else bytes."""
    cpu = view.group_cpu()
    for camera in view.cameras:
        if camera.camera_id == camera_id:
            cpu[camera.citus_group] -= camera.cpu
    weight = {
        group: sum(shard.bytes or 0 for shard in view.shards if shard.citus_group == group.citus_group)
        for group in view.groups
    }
    if sum(cpu.values()) > 0:
        best = min(view.groups, key=lambda group: (round(cpu[group.citus_group], 3), weight[group]))
        return best, f"{cpu[best.citus_group]:.1f} CPU s of others in two periods"
    best = min(view.groups, key=lambda group: weight[group])
    return best, f"{size(weight[best])}, no load is measured"


def _target(view: View, camera_id: int, source: Group, wanted: int | None) -> tuple[Group, str]:
    if wanted is None:
        best, measure = least_loaded(view, camera_id)
        return best, f"group {best.citus_group} has the least load ({measure})"
    for group in view.groups:
        if group.citus_group == wanted:
            return group, f"group {wanted} is asked for"
    able = ", ".join(str(group.citus_group) for group in view.groups)
    raise UsageError(f"group {wanted} takes no shards", where="--to", hint=f"groups that do: {able}")


def _node_id(conn: psycopg.Connection, group: int) -> int:
    query = "SELECT nodeid FROM pg_dist_node WHERE groupid = %s AND noderole = 'primary'"
    return conn.execute(query, (group,)).fetchone()[0]


def _share(conn: psycopg.Connection, camera_id: int, shard: Shard) -> float:
    """The camera's part of its shard as the planner estimates it: counting would read all of a busy camera's rows."""
    if shard.cameras <= 1 or not shard.result_rows:
        return 1.0
    query = "EXPLAIN (FORMAT JSON) SELECT FROM camgrid.counting_results WHERE camera_id = %s"
    with psycopg.ClientCursor(conn) as cursor:
        (told,) = cursor.execute(query, (camera_id,)).fetchone()
    return min(_rows(told) / shard.result_rows, 1.0)


def _rows(plan: Any) -> float:
    """Rows that the outermost plan of a shard expects; Citus nests it in plans of its own, which say 0."""
    if isinstance(plan, list):
        return sum(map(_rows, plan))
    if not isinstance(plan, dict):
        return 0
    return plan.get("Plan Rows", 0) or sum(_rows(value) for value in plan.values() if isinstance(value, list | dict))
