"""A restore of the whole cluster in place: what hosts remember of one, and the verification at its end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import psycopg

from camgrid import health
from camgrid.backup import checksums
from camgrid.backup.places import STATE
from camgrid.backup.points import Point
from camgrid.errors import CamgridError
from camgrid.remote import Host

MARKER = f"{STATE}/restoring"
_SETTLE_S = 300


@dataclass(frozen=True)
class Begun:
    """A restore that was begun. groups: what playbooks/restore.yml was given; opening: nothing is copied again."""

    point: str
    groups: dict[int, dict[str, Any]] = field(default_factory=dict)
    opening: bool = False


def begun(app: Any, absent: Iterable[str] = ()) -> Begun | None:
    """What hosts remember of a restore that has not ended. absent: hosts that are not asked.

    CamgridError when one does not answer.
    """
    hosts = [node.host for node in app.topology.nodes if node.host not in set(absent)]
    with ThreadPoolExecutor(max_workers=16) as pool:
        found = [each for each in pool.map(lambda name: _remembered(app, name), hosts) if each]
    # Hosts may remember different points when one was given up for another; all that opens is at one.
    return max(found, key=lambda each: each.opening, default=None)


def _remembered(app: Any, name: str) -> Begun | None:
    try:
        text = Host(app.inventory, name).run(f"cat {MARKER} 2>/dev/null || true")
    except CamgridError as error:
        hint = f"{error.hint}; where it is off for good: --without {name}"
        raise CamgridError(error.what, where=error.where, hint=hint) from error
    if not text.strip():
        return None
    try:
        told = json.loads(text)
        groups = {int(group): given for group, given in told["groups"].items()}
        return Begun(told["point"], groups, bool(told.get("opening")))
    except (KeyError, ValueError) as error:
        raise CamgridError(f"this note of a restore cannot be read: {error!r}", where=f"{name}:{MARKER}") from error


def next_step(app: Any, point: Point, absent: Iterable[str]) -> str:
    """What to do after a restore that failed: it depends on how far it came."""
    again = f"camgrid restore --to {point.name}"
    try:
        left = begun(app, absent)
    except CamgridError as error:
        return f"it is not known how far it came ({error}); then the same again: {again}"
    if left is None:
        return "every group is open at the point: do NOT restore again. camgrid status says what is left to mend"
    if left.opening:
        return f"all groups are at the point; mend the cause, and the same command only opens the rest: {again}"
    return f"nothing is open. Mend the cause and give the same again, or choose another point: {again}"


@dataclass(frozen=True)
class Verdict:
    """What was seen of a restored cluster. halves: prepared transactions that nobody settled; rows: table → how many.

    different: shards that are not as the point recorded them; None where it did not record any.
    """

    rows: dict[str, int]
    sums: checksums.Checksums
    halves: int
    different: list[str] | None
    findings: list[health.Finding]

    @property
    def true(self) -> bool:
        """Whether the cluster is the one of the point."""
        return not self.halves and not self.different


def verify(app: Any, point: Point) -> Verdict:
    """Sums every shard and waits until no transaction is half there and the cluster is healthy."""
    deadline = time.monotonic() + _SETTLE_S
    while True:
        try:
            with app.connect("admin", autocommit=True) as conn:
                halves = _prepared(conn)
                sums = checksums.take(conn) if not halves or time.monotonic() > deadline else None
        except (CamgridError, psycopg.Error):
            if time.monotonic() > deadline:
                raise
            sums = None
        if sums is not None:
            break
        time.sleep(2)
    different = checksums.differences(point.checksums, sums) if point.checksums else None
    return Verdict(checksums.rows(sums), sums, halves, different, health.look(app).findings)


def _prepared(conn: psycopg.Connection) -> int:
    """Transactions that are prepared on any node."""
    count = "SELECT count(*) FROM pg_prepared_xacts"
    here = conn.execute(count).fetchone()[0]
    if not conn.execute("SELECT FROM pg_extension WHERE extname = 'citus'").rowcount:
        return here
    rows = conn.execute("SELECT success, result FROM run_command_on_workers(%s)", (count,)).fetchall()
    failed = [result for success, result in rows if not success]
    if failed:
        raise psycopg.OperationalError(f"a worker does not answer: {failed[0]}")
    return here + sum(int(result) for _, result in rows)
