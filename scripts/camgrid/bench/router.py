"""camgrid.router as a load: processes on the machine of the command, each asking for many cameras at once."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Sequence
from typing import Any

from camgrid.bench.ground import Ground
from camgrid.router import Router
from camgrid.router.settings import Settings

PROCESSES, AT_ONCE = 2, 100
QUERY = "SELECT * FROM {camera_latest} WHERE camera_id = %s ORDER BY zone_id"


class Load:
    """A `with` block during which the router is asked for so many seconds; found() tells what came of it afterwards."""

    def __init__(self, ground: Ground, seconds: int) -> None:
        settings = Settings.from_inventory(ground.inventory.path, "reader")
        context = multiprocessing.get_context("spawn")
        self._ready, self._results = context.Barrier(PROCESSES + 1), context.Queue()
        given = (settings, list(ground.cameras), seconds, self._ready, self._results)
        self._children = [context.Process(target=_ask, args=given, daemon=True) for _ in range(PROCESSES)]
        self._found: list[list[tuple[int, float]]] = []

    def __enter__(self) -> Load:
        for child in self._children:
            child.start()
        self._ready.wait(60)
        return self

    def __exit__(self, *failure: object) -> None:
        if failure[0] is None:
            self._found = [self._results.get(timeout=60) for _ in self._children]
        for child in self._children:
            child.join(10)
            child.kill()

    def found(self) -> tuple[float, float]:
        """Reads a second of all processes, and milliseconds within which 99 of 100 reads were answered."""
        times = sorted(took for each in self._found for _, took in each)
        reads = sum(count for each in self._found for count, _ in each)
        longest = max(sum(took for _, took in each) for each in self._found)
        return reads / longest, times[int(len(times) * 0.99)] * 1000


def _ask(settings: Settings, cameras: Sequence[int], seconds: int, ready: Any, results: Any) -> None:
    found = []
    with Router(settings) as router:
        router.latest(cameras[0])
        ready.wait()
        until = time.monotonic() + seconds
        while (started := time.monotonic()) < until:
            asked = random.sample(cameras, min(AT_ONCE, len(cameras)))
            router.read_many([(camera, (camera,)) for camera in asked], QUERY, prepare=True)
            found.append((len(asked), time.monotonic() - started))
    results.put(found)
