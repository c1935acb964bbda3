"""How far a cluster has grown: what its inventory says, and what is verified true of what runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from psycopg.rows import dict_row

from camgrid import patroni
from camgrid.errors import CamgridError
from camgrid.topology import PHASES


@dataclass(frozen=True)
class Task:
    """A task of the roadmap. done: found to be so now, by what evidence says."""

    phase: int
    task: str
    done: bool
    evidence: str


@dataclass
class View:
    """JSON of `camgrid phase show --json`. phase: the inventory's; verified: the furthest true one; roadmap: rows of
    scaling_implementation."""

    cluster: str
    phase: str
    verified: str
    roadmap: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)

    @property
    def grown(self) -> bool:
        """Whether the cluster is as far as its inventory says."""
        return self.verified == self.phase

    def as_json(self) -> dict[str, Any]:
        """Plain data, with `grown` on top."""
        return {"grown": self.grown} | asdict(self)


def look(app: Any) -> View:
    """Has the database verify its roadmap, and asks Patroni about the second region."""
    with app.connect("admin", row_factory=dict_row, autocommit=True) as conn:
        if not conn.execute("SELECT to_regproc('camgrid.verify_scaling_phases') AS there").fetchone()["there"]:
            raise CamgridError(
                "the database does not know its phases yet",
                where="schema camgrid",
                hint="camgrid schema plan, then camgrid schema apply",
            )
        tasks = [Task(**row) for row in conn.execute("SELECT * FROM camgrid.verify_scaling_phases()")]
        roadmap = conn.execute("""
            SELECT phase, phase_name, description, status, started_at, completed_at, verified_at,
                dependencies, estimated_duration
            FROM camgrid.scaling_implementation ORDER BY phase
        """).fetchall()
    members = patroni.members(app.inventory, app.topology)
    return View(app.topology.cluster, app.topology.phase, verified(tasks, members), roadmap, tasks)


def verified(tasks: Iterable[Task], members: Iterable[patroni.Member]) -> str:
    """The furthest phase that is true, each with all before it. A database that answers is in the first.

    The roadmap's first and last phases hold more than a phase of an inventory does: backups, monitoring, caches. What
    makes the last one true is a region that follows.
    """
    done = {number: all(task.done for task in tasks if task.phase == number) for number in (2, 3)}
    follows = any(each.role == "standby_leader" and each.healthy for each in members)
    phase = PHASES[0]
    if done[2]:
        phase = PHASES[1]
        if done[3]:
            phase = PHASES[2]
        # A second region is there with or without shards.
        if follows:
            phase = PHASES[3]
    return phase
