"""Runs faults one after the other: under load, measured, undone, verified."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from camgrid.chaos import places, verify
from camgrid.chaos.faults import FAULTS, LONGEST_S, Fault
from camgrid.chaos.ground import Ground
from camgrid.chaos.injections import Target
from camgrid.chaos.ledger import Ledger, Row, longest_gap
from camgrid.chaos.load import Load
from camgrid.chaos.result import Result
from camgrid.console import say
from camgrid.errors import CamgridError, UsageError
from camgrid.topology import Node

# Seconds of undisturbed load before and after a fault, to have something to compare with.
_STEADY_S = 3
# What a run takes beside its fault, seen in a lab: until all is in its place, and the comparison.
_OVERHEAD_S = 30
# Lost writes and the like that are shown in full; all are in the ledger.
_EXAMPLES = 5


@dataclass(frozen=True)
class Step:
    """A run to be made. group: None for a fault of what all groups share."""

    fault: Fault
    group: int | None
    run: int

    @property
    def seconds(self) -> float:
        """About how long it takes."""
        return _STEADY_S + self.fault.hold_s + _OVERHEAD_S * (2 if self.fault.prepare else 1)


def plan(groups: Iterable[int], names: Iterable[str] = (), runs: int = 1, *, sharded: bool = True) -> list[Step]:
    """The runs of the faults named (all without names): each for every group, or once for what groups share.

    sharded: whether there are worker groups, between which shards can move.
    """
    wanted, numbers = set(names), sorted(set(groups))
    return [
        Step(fault, group, run)
        for fault in FAULTS
        if (not wanted or fault.name in wanted) and (sharded or not fault.sharded)
        for group in (numbers if fault.scope == "group" else [None])
        for run in range(1, runs + 1)
    ]


def described(steps: list[Step]) -> str:
    """A plan in words, for the one who is asked."""
    lines = [f"  {fault.name}: {fault.says}" for fault in FAULTS if fault in {step.fault for step in steps}]
    minutes = sum(step.seconds for step in steps) / 60
    return "\n".join([*lines, f"{len(steps)} run(s), one after the other, about {minutes:.0f} minutes"])


def run_all(ground: Ground, steps: Iterable[Step], directory: Path) -> Iterator[Result]:
    """Makes the runs and yields what came of each. CamgridError when the cluster is not healthy to begin with.

    directory: where the ledgers are kept.
    """
    for step in steps:
        places.wait_for_health(ground)
        result = run_one(ground, step, directory)
        say(result.line())
        yield result


def run_one(ground: Ground, step: Step, directory: Path) -> Result:
    """One run of a fault on a healthy cluster. What keeps it from being made is in the result, not raised."""
    result = Result.of(step.fault, step.group, step.run)
    name = f"{step.fault.name}-{'all' if step.group is None else step.group}-{step.run}"
    ledger = Ledger(directory / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{name}.jsonl")
    result.ledger = str(ledger.path)
    try:
        _run(ground, step, ledger, result)
    except (CamgridError, psycopg.Error) as error:
        result.failure = " ".join(str(error).split())
    finally:
        ledger.close()
    return result


def _run(ground: Ground, step: Step, ledger: Ledger, result: Result) -> None:
    fault, group = step.fault, step.group or 0
    with ground.app.connect("admin", autocommit=True) as conn:
        verify.remove(conn)
    with ExitStack() as stack:
        target = Target(ground, group, _leader(ground, group))
        if fault.prepare:
            stack.enter_context(fault.prepare(target))
        before = places.places(ground.members())
        with Load(ground, ledger, group) as load:
            load.wait_until_served()
            time.sleep(_STEADY_S)
            injected = time.monotonic()
            with fault.inject(target):
                _hold(fault, load)
            healed = time.monotonic()
            unserved = places.settle(lambda: load.unserved() or places.misplaced(ground.members(), before))
            time.sleep(_STEADY_S)
        left = max(places.LIMIT_S - (time.monotonic() - healed), _STEADY_S)
        wrong = places.settle(lambda: places.unsettled(ground, before), left)
        result.unsettled = wrong or unserved
        result.recovered_s = time.monotonic() - healed
        result.leaders = {number: node.host for number, node in ground.leaders().items()}
        result.prepared_left = sum("prepared transaction" in reason for reason in result.unsettled)
        _measure(load, injected, result)
        _verify(ground, ledger, result)


def _leader(ground: Ground, group: int) -> Node:
    leaders = ground.leaders()
    if group not in leaders:
        raise UsageError(f"group {group} has no leader", hint="camgrid status")
    return leaders[group]


def _hold(fault: Fault, load: Load) -> None:
    time.sleep(fault.hold_s)
    if fault.until_writes:
        places.settle(load.unserved, LONGEST_S - fault.hold_s)


def _measure(load: Load, injected: float, result: Result) -> None:
    gaps = {
        client.name: longest_gap(load.ledger.done[client.name], load.started, injected, load.ended)
        for client in load.clients
    }
    result.longest = {name: round(seconds, 2) for name, seconds in gaps.items()}
    counting = [client for client in load.clients if client.counts]
    result.without_writes_s = max(result.longest[client.name] for client in counting if not client.reads)
    result.without_reads_s = max(result.longest[client.name] for client in counting if client.reads)
    result.errors = dict(load.ledger.errors)
    result.acknowledged = len(load.ledger.acknowledged)


def _verify(ground: Ground, ledger: Ledger, result: Result) -> None:
    with ground.app.connect("admin", autocommit=True) as conn:
        verdict = verify.compare(ledger.sent, ledger.acknowledged, *verify.stored(conn))
        fill(result, verdict)
        if verdict.true:
            # Else they stay to be looked at until the next run.
            verify.remove(conn)


def fill(result: Result, verdict: verify.Verdict) -> None:
    """Writes what was found into a result, with a few examples of each kind."""
    shown: list[tuple[str, list, Callable[..., str]]] = [
        ("lost", verdict.lost, lambda write: ", ".join(map(_shown, write.rows))),
        ("half there", verdict.halves, lambda write: ", ".join(map(_shown, write.rows))),
        ("doubled", verdict.doubled, _shown),
        ("never sent", verdict.unknown, _shown),
    ]
    result.lost, result.halves = len(verdict.lost), len(verdict.halves)
    result.doubled, result.unknown = len(verdict.doubled), len(verdict.unknown)
    result.examples = [f"{what}: {text(each)}" for what, found, text in shown for each in found[:_EXAMPLES]]


def _shown(row: Row) -> str:
    return f"{row.table} camera {row.camera} {row.key} {row.timestamp.isoformat()}"
