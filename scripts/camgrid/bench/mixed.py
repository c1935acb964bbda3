"""`camgrid bench mixed`: simulated cameras store one result a second each, with bursts of events, while others read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from camgrid.bench import pgbench, router
from camgrid.bench.data import FIRST_WRITTEN_ZONE
from camgrid.bench.pgbench import Lane
from camgrid.bench.read import LATEST
from camgrid.bench.result import PLAIN, Figure
from camgrid.bench.rounds import Run, together
from camgrid.bench.ways import ANY, OWN_NODE, Question, lanes, ways
from camgrid.console import say

ROUTER = "camgrid.router"
_EVENTS = 20
# Of a hundred things that a camera sends, one is a burst of events.
_BURST_EACH = 100
BURST = Question(
    "burst",
    "INSERT INTO {camera_events} (id, camera_id, event_type, severity) VALUES "  # noqa: S608 - our own numbers
    + ", ".join(["(gen_random_uuid(), :camera, 'motion', 'info')"] * _EVENTS)
    + ";\n",
    writes=True,
)


def results(batch: int) -> Question:
    """The statement by which a camera sends its last `batch` results, one for each second."""
    values = ", ".join(f"(:camera, :own, now() - interval '{n} seconds', 1)" for n in range(batch))
    return Question(
        "result",
        'INSERT INTO {counting_results} (camera_id, zone_id, "timestamp", count_in)'  # noqa: S608 - our own numbers
        f" VALUES {values} ON CONFLICT DO NOTHING;\n",
        before="\\set own :zone + :client_id\n",
        writes=True,
    )


def measure(run: Run, rate: int, batch: int) -> list[Figure]:
    """Reads a second beside `rate` results a second, and how late each was, in every way.

    batch: results of a camera that go in one statement.
    """
    sent = f"{rate:,} results/s" + (f" in batches of {batch}" if batch > 1 else "")
    each = []
    for number, way in enumerate([*ways(run.homes, LATEST), ROUTER]):
        reads = Figure("mixed", f"latest of a camera beside {sent}", way, "/s")
        writes = Figure("mixed", f"statements that store {sent}", way, "/s")
        each.append((reads, writes, _taking_turns(run, way, number, max(1, rate // batch), results(batch))))
    for turn in range(run.rounds):
        for reads, writes, measured in each:
            read, wrote = measured(turn)
            reads.add(*read)
            writes.add(*wrote)
        said = ", ".join(
            f"{reads.way} {reads.values[-1]:,.0f} (p99 {reads.p99_ms[-1]:.0f} ms) + {writes.values[-1]:,.0f}"
            f" (p99 {writes.p99_ms[-1]:.0f} ms)"
            for reads, writes, _ in each
        )
        say(f"bench mixed, round {turn + 1} of {run.rounds}: {said}")
    return [figure for reads, writes, _ in each for figure in (reads, writes)]


def _taking_turns(run: Run, way: str, number: int, rate: int, sent: Question) -> Callable:
    def measured(turn: int) -> tuple[tuple[float, float], tuple[float, float]]:
        zone = FIRST_WRITTEN_ZONE + (900 + number * 20 + turn) * 1000
        writing = _writing(
            run, way if way in (PLAIN, ANY) or run.homes[0].position is None else OWN_NODE, zone, rate, sent
        )
        if way == ROUTER:
            with router.Load(run.ground, run.seconds) as load:
                wrote = pgbench.run(run.bed, writing, run.seconds)
            return load.found(), together(wrote)
        reading = list(lanes(run.bed, run.ground, run.homes, LATEST, way, run.clients))
        found = pgbench.run(run.bed, [*reading, *writing], run.seconds)
        names = {lane.name for lane in reading}
        return tuple(
            together({name: each for name, each in found.items() if (name in names) is of}) for of in (True, False)
        )

    return measured


def _writing(run: Run, way: str, zone: int, rate: int, sent: Question) -> list[Lane]:
    """The lanes of what cameras send: results, and now and then a burst of events."""
    both = [
        list(lanes(run.bed, run.ground, run.homes, question, way, run.clients, rate=rate, variables=(("zone", zone),)))
        for question in (sent, BURST)
    ]
    return [
        replace(
            results,
            scripts=(
                *((file, weight * _BURST_EACH) for file, weight in results.scripts),
                *bursts.scripts,
            ),
        )
        for results, bursts in zip(*both, strict=True)
    ]
