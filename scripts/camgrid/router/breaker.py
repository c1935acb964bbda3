"""A circuit breaker: who failed several times in a row is left alone for a while, then tried once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

# The seed's scaling strategy: so many failures in a row, so many seconds of rest.
FAILURES = 5
REST_S = 60.0


class Breaker:
    """Closed until `failures` in a row, then open for rest_s seconds, then half open: one trial decides.

    Thread-safe. Closed and without failures, it costs its users one look at an attribute and no lock.
    """

    def __init__(
        self, failures: int = FAILURES, rest_s: float = REST_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit, self._rest_s, self._clock = failures, rest_s, clock
        self._lock = threading.Lock()
        self.failures = 0
        self._open_until: float | None = None

    @property
    def state(self) -> str:
        """'closed', 'open' or 'half open'."""
        if self._open_until is None:
            return "closed"
        return "open" if self._clock() < self._open_until else "half open"

    def allows(self) -> bool:
        """Whether to try now. Half open, one caller is told so; without news of it, the next after a rest."""
        if self._open_until is None:
            return True
        with self._lock:
            if self._open_until is None:
                return True
            now = self._clock()
            if now < self._open_until:
                return False
            self._open_until = now + self._rest_s
            return True

    def succeeded(self) -> None:
        """It answered: closed, whatever was before."""
        if self.failures:
            with self._lock:
                self.failures, self._open_until = 0, None

    def failed(self) -> None:
        """It did not answer. The last of too many in a row, and a trial that failed, begin a rest."""
        with self._lock:
            self.failures += 1
            if self.failures >= self._limit:
                self._open_until = self._clock() + self._rest_s
