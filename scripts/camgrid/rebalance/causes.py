"""Why a move does not get on: tried again without a word, waiting for a lock, or standing still."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg

from camgrid.finding import Finding
from camgrid.rebalance import waits
from camgrid.rebalance.job import Job, Task

# A move that has not changed in any way for so long is looked into.
STILL_S = 30.0


@dataclass
class Watcher:
    """Remembers how far each move was, to notice one that stands still. clock: time.monotonic, or a test's."""

    clock: object = time.monotonic
    _seen: dict[int, tuple[tuple, float]] = field(default_factory=dict)

    def still_s(self, task: Task) -> float:
        """Seconds since the task last changed, as far as this watcher has seen."""
        now = self.clock()
        mark = (task.status, task.pid, task.phase, task.target_bytes, task.target_lsn)
        seen, since = self._seen.get(task.task, (None, now))
        if seen != mark:
            self._seen[task.task] = (mark, now)
            return 0.0
        return now - since


def stuck(conn: psycopg.Connection, job: Job, watcher: Watcher) -> list[Finding]:
    """What keeps moves of the job from getting on, with its cause and what to do. conn: the superuser's."""
    found = [*retried(job)]
    for task in job.tasks:
        still = watcher.still_s(task)
        if task.running:
            waited = list(_waits(conn, task))
            if waited:
                found += waited
            elif still > STILL_S:
                text = f"has stood still for {still:.0f} s in {(task.phase or 'the beginning').lower()}"
                step = "is the disk or the network of one of its nodes slow? camgrid status"
                found.append(Finding(text, _named(task), step))
    begun = any(task.running for task in job.tasks)
    ready = [task for task in job.tasks if task.status == "runnable" and not task.held and not task.next_try]
    if not begun and ready and all(watcher.still_s(task) > STILL_S for task in ready) and not job.ended:
        text = f"none of {len(ready)} moves that could begin has begun"
        step = "does the coordinator's log tell of Citus's maintenance daemon or of max_worker_processes?"
        found.append(Finding(text, f"job {job.id}", step))
    return found


def retried(job: Job) -> Iterator[Finding]:
    """Moves that have failed: Citus tries them again, ever more seldom, and says nothing."""
    for task in job.tasks:
        if not task.trouble or job.ended:
            continue
        when = f"; the next try is at {task.next_try:%H:%M:%S}" if task.next_try else ""
        step = "mend the cause, then: camgrid rebalance resume (tries at once), or: camgrid rebalance stop"
        yield Finding(f"failed {task.retries} time(s): {task.trouble}{when}", _named(task), step)


def _waits(conn: psycopg.Connection, task: Task) -> Iterator[Finding]:
    if task.pid is not None:
        groups = [group for group in (task.source, task.target) if group is not None]
        yield from waits.stuck(waits.sessions(conn, task.pid, groups), _named(task))


def _named(task: Task) -> str:
    if task.shard is None:
        return f"task {task.task}"
    return f"move of shard {task.shard} from group {task.source} to {task.target}"
