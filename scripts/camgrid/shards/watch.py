"""Says how far an isolation is while another connection waits for it, and what that one waits for."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from camgrid.errors import CamgridError
from camgrid.rebalance import waits
from camgrid.units import size

_EVERY_S = 5
# Citus tells nothing of a split.
_PROGRESS = """
    SELECT status, sum(target_shard_size)::bigint, sum(source_shard_size)::bigint
    FROM get_rebalance_progress() WHERE operation_type = 'move' GROUP BY status
"""


@contextmanager
def watched(app: Any, pid: int, groups: Sequence[int], where: str, say: Callable[[str], None]) -> Iterator[None]:
    """Says every few seconds what moves have copied, on a terminal; anywhere, what has been waited for too long, and
    every minute what is done where.

    pid: the process on the coordinator that isolates; groups: those that it works with; where: what it does.
    """
    over = threading.Event()
    thread = threading.Thread(target=_watch, args=(app, pid, groups, where, say, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()


def _watch(
    app: Any, pid: int, groups: Sequence[int], where: str, say: Callable[[str], None], over: threading.Event
) -> None:
    """A watcher that fails disturbs nothing: what it watches tells the outcome itself."""
    if over.wait(_EVERY_S):
        return
    began = time.monotonic()
    told = 0
    try:
        with app.connect("admin", autocommit=True) as conn:
            while True:
                if sys.stderr.isatty():
                    for status, done, whole in conn.execute(_PROGRESS):
                        say(f"  {status.lower()}: {size(done or 0)} of {size(whole or 0)}")
                found = waits.sessions(conn, pid, groups)
                for each in waits.stuck(found, where):
                    say(f"stuck {each.where}: {each.what}\n      next: {each.next}")
                minutes = int(time.monotonic() - began) // 60
                if minutes > told:
                    say("\n".join([f"  after {minutes} min:", *map(_doing, found)]))
                told = minutes
                if over.wait(_EVERY_S):
                    return
    except (CamgridError, psycopg.Error) as error:
        say(f"  progress is not known: {str(error).splitlines()[0]}")


def _doing(session: waits.Session) -> str:
    waiting = f", waits for {session.kind} {session.event}" if session.kind else ""
    return f"    {session.node}: {session.statement or session.reason} since {session.seconds or 0:.0f} s{waiting}"
