"""The rebalance that runs, or ran last: a job of Citus's, its moves and how far each is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row, tuple_row

from camgrid import queries

_ENDED = ("finished", "failed", "cancelled")


@dataclass(frozen=True)
class Task:
    """One move, or the copy of reference tables that comes before (shard None).

    status: Citus's word (blocked, runnable, running, done, cancelled, error …). held: kept back by `pause`.
    source and target: worker groups. phase, bytes and behind_bytes are known while it runs; behind_bytes is WAL that
    the copy has not caught up with yet.
    """

    task: int
    status: str
    pid: int | None
    retries: int
    message: str
    command: str
    held: bool | None
    next_try: datetime | None
    shard: int | None
    source: int | None
    target: int | None
    phase: str | None
    source_bytes: int | None
    target_bytes: int | None
    behind_bytes: int | None
    target_lsn: str | None

    @property
    def running(self) -> bool:
        """Whether it is at work now."""
        return self.status == "running"

    @property
    def waiting(self) -> bool:
        """Whether it has not begun, or is to be tried again."""
        return self.status in ("runnable", "blocked")

    @property
    def trouble(self) -> str:
        """What its last try failed with, in one line; "" when it did not."""
        return " ".join(self.message.split()) if self.retries or self.status == "error" else ""


@dataclass(frozen=True)
class Job:
    """A rebalance. state: Citus's word for the job (scheduled, running, finished, cancelled, failing, failed …)."""

    id: int
    state: str
    description: str
    started: datetime | None
    finished: datetime | None
    tasks: tuple[Task, ...]

    @property
    def ended(self) -> bool:
        """Whether nothing of it will happen any more."""
        return self.state in _ENDED

    @property
    def held(self) -> bool:
        """Whether `pause` keeps all moves back that have not begun."""
        waiting = [task for task in self.tasks if task.waiting]
        return not self.ended and bool(waiting) and all(task.held for task in waiting)

    @property
    def done(self) -> int:
        """How many tasks are done."""
        return sum(task.status == "done" for task in self.tasks)

    @property
    def summary(self) -> str:
        """One line: what it is, how far, whether it goes on."""
        state = "paused" if self.held else self.state
        running = sum(task.running for task in self.tasks)
        return f"job {self.id}: {state}, {self.done} of {len(self.tasks)} moves done, {running} under way"


def last(conn: psycopg.Connection) -> Job | None:
    """The rebalance that was started last; None when there was none."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute("""
            SELECT job_id, state::text, description, started_at, finished_at FROM pg_dist_background_job
            WHERE job_type = 'rebalance' ORDER BY job_id DESC LIMIT 1
        """).fetchone()
    if row is None:
        return None
    with conn.cursor(row_factory=class_row(Task)) as cursor:
        tasks = cursor.execute(queries.text("rebalance_tasks"), {"job": row[0]}).fetchall()
    return Job(*row, tasks=tuple(tasks))
