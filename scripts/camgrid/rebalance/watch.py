"""Following a rebalance until it ends. It goes on without us: a lost connection is made anew, Ctrl-C ends looking."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from rich.live import Live

from camgrid.console import err, say
from camgrid.errors import CamgridError
from camgrid.finding import Finding
from camgrid.rebalance import causes, view
from camgrid.rebalance import job as jobs
from camgrid.rebalance.layout import look

Look = tuple[jobs.Job, dict[str, Any], list[Finding]]
# What the coordinator gets to come back in, as after a failover.
PATIENCE_S = 120


def looks(connect: Callable[[], psycopg.Connection], interval: float) -> Iterator[Look]:
    """How the last rebalance is, every interval seconds until it has ended. CamgridError when nobody answers at all."""
    watcher, rates, sizes = causes.Watcher(), view.Rates(), {}
    conn, silent_since = None, None
    while True:
        try:
            conn = conn or connect()
            job = jobs.last(conn)
            if job is None:
                return
            if not sizes:
                sizes = _sizes(conn, job)
            findings = [] if job.ended else causes.stuck(conn, job, watcher)
        except (psycopg.Error, CamgridError) as error:
            silent_since = silent_since or time.monotonic()
            if isinstance(error, psycopg.Error) and not isinstance(error, psycopg.OperationalError):
                raise
            if time.monotonic() - silent_since > PATIENCE_S:
                raise
            if conn:
                conn.close()
                conn = None
            say("the coordinator does not answer; the rebalance goes on by itself once it is back")
        else:
            silent_since = None
            yield job, view.progress(job, sizes, rates), findings
            if job.ended:
                return
        time.sleep(interval)


def _sizes(conn: psycopg.Connection, job: jobs.Job) -> dict[int, int]:
    layout = look(conn)
    wholes = {task.shard: layout.of_shard(task.shard) for task in job.tasks if task.shard is not None}
    return {shard: whole.bytes for shard, whole in wholes.items() if whole}


@contextmanager
def shown() -> Iterator[Callable[[dict[str, Any], list[Finding]], None]]:
    """Shows looks on stderr: redrawn on a terminal, a line for each change in a pipe or log."""
    if sys.stderr.isatty():
        with Live(console=err, refresh_per_second=4) as screen:
            yield lambda told, findings: screen.update(view.live(told, findings))
        return
    before = ""

    def tell(told: dict[str, Any], findings: list[Finding]) -> None:
        nonlocal before
        mark = f"{told['state']} {told['tasks_done']} {[(m['shard'], m['phase']) for m in told['moves']]}"
        if mark != before or findings:
            say(view.line(told))
        for each in findings:
            say(f"stuck {each.where}: {each.what}\n      next: {each.next}")
        before = mark

    yield tell
