"""A whole run of benchmarks, from the rows to the figures."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from camgrid.bench import data, ingest, mixed, read, report, result
from camgrid.bench.bed import Bed
from camgrid.bench.ground import Ground
from camgrid.bench.rounds import Run
from camgrid.console import say

SCENARIOS = ("ingest", "read", "mixed", "report")


@dataclass(frozen=True)
class Wanted:
    """What to measure. results: of each camera before it begins, over `days` days; rate: results a second in
    mixed; batch: how many of them a camera sends at once."""

    scenarios: Sequence[str]
    cameras: int
    results: int
    days: int | None
    rounds: int
    seconds: int
    clients: int
    rate: int
    batch: int
    host: str


def run(ground: Ground, wanted: Wanted) -> dict[str, Any]:
    """Measures and cleans up; what was measured, on what, as JSON can hold it."""
    rows = data.span(ground, wanted.results, wanted.days)
    homes = ground.homes()
    with ExitStack() as after:
        bed = after.enter_context(Bed(ground.inventory, ground.topology, wanted.host))
        machine = _machine(bed)
        say(f"bench: on {wanted.host}: {machine['cores']} cores, load {machine['load']} before it began")
        data.remove(ground)  # what an interrupted run left
        after.callback(data.remove, ground)
        data.copy_schema(bed, ground)
        loaded = data.load(bed, ground, rows)
        todo = Run(bed, ground, homes, rows, wanted.rounds, wanted.seconds, wanted.clients)
        figures: list[result.Figure] = []
        for scenario in SCENARIOS:
            if scenario not in wanted.scenarios:
                continue
            if scenario == "mixed":
                figures += mixed.measure(todo, wanted.rate, wanted.batch)
            else:
                figures += {"ingest": ingest, "read": read, "report": report}[scenario].measure(todo)
    return {
        "meta": {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine,
            "noise": result.noise(figures),
            "versions": ground.versions(),
            "phase": ground.topology.phase,
            "nodes": len(ground.topology.nodes),
            "months": len(ground.months()),
            "loaded_s": loaded,
            **{name: value for name, value in vars(wanted).items() if name != "scenarios"},
        },
        "figures": result.summary(figures),
    }


def _machine(bed: Bed) -> dict[str, Any]:
    told = bed.shell("nproc; cat /proc/loadavg; awk '/MemTotal/ {print $2}' /proc/meminfo; uname -r").splitlines()
    return {"cores": int(told[0]), "load": float(told[1].split()[0]), "memory_kb": int(told[2]), "kernel": told[3]}
