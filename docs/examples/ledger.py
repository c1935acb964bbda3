"""What the Python examples need to show themselves, and no application: made-up results, a line a second, the proof."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from typing import NamedTuple
from uuid import UUID, uuid4

PACE_S = 0.01  # between two results of one writer
_CAMERAS = 8  # enough to meet every worker group
_chance = SystemRandom()


class Result(NamedTuple):
    """What a camera counted. camera and at say which result it is, event which event: made once, kept in retries."""

    camera: int
    at: datetime
    count: int
    event: UUID


class Ledger:
    """Every acknowledged result. seconds: how long new() makes results; first: the first of the cameras."""

    def __init__(self, seconds: int = 10, first: int = 1_000_000_001) -> None:
        self.cameras = list(range(first, first + _CAMERAS))
        self.started, self._end = datetime.now(UTC), time.monotonic() + seconds
        self._made, self._acknowledged, self._retries = 0, [], 0
        self._longest, self._shown = timedelta(), time.monotonic()

    def new(self) -> Result | None:
        """The next result to be written; None when the time is over."""
        if time.monotonic() >= self._end:
            return None
        self._made += 1
        return Result(self.cameras[self._made % _CAMERAS], datetime.now(UTC), _chance.randrange(100), uuid4())

    def acknowledge(self, result: Result) -> None:
        """The database has confirmed a result."""
        self._acknowledged.append(result)
        self._longest = max(self._longest, datetime.now(UTC) - result.at)
        if time.monotonic() - self._shown >= 1:
            self._shown = time.monotonic()
            print(f"{len(self._acknowledged)} written, {self._retries} retries", flush=True)

    def retried(self, code: str | None, error: BaseException) -> None:
        """A piece of work is done again because of error; code: its SQLSTATE, where there is one."""
        self._retries += 1
        print(f"retry: {code or 'no code'} {type(error).__name__} {' '.join(str(error).split())}", flush=True)

    def answered(self, endpoint: str, count: int, total: int | None, newest: datetime | None) -> None:
        """What an endpoint says about this ledger's results: a replica's answer may lack the newest ones."""
        behind = (max(result.at for result in self._acknowledged) - newest).total_seconds() if newest else "all"
        print(f"{endpoint}: {count} of {len(self._acknowledged)} results, sum {total}, {behind} s behind")

    def verdict(self, stored: Iterable[tuple], columns: int) -> int:
        """Compares the first columns of every acknowledged result with the rows stored; 1 when they differ."""
        wanted, found = Counter(result[:columns] for result in self._acknowledged), Counter(map(tuple, stored))
        missing, surplus = (wanted - found).total(), (found - wanted).total()
        print(
            f"{len(self._acknowledged)} acknowledged, {self._retries} retries, "
            f"longest pause {self._longest.total_seconds():.2f} s, {missing} missing, {surplus} too many"
        )
        return 1 if missing or surplus or not wanted else 0
