"""Alerts that have to fire, each with its cause."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, ExitStack
from typing import NamedTuple

from tests.cluster.hurried import Hurried
from tests.cluster.support import MEASURED, wait_until

ENDS_S = 240


class Cause(NamedTuple):
    """What is done, and the alerts that it has to cause, with labels that they have to have."""

    fault: AbstractContextManager[None]
    alerts: dict[str, dict[str, str]]


def fire(prometheus: Hurried, *causes: Cause, seconds: float = 240) -> None:
    """Causes all at once, waits until all alerts fire, undoes the causes, and waits until they are over."""
    wanted = {name: labels for cause in causes for name, labels in cause.alerts.items()}

    def firing() -> set[str]:
        fire_now = prometheus.alerts()
        return {
            name
            for name, labels in wanted.items()
            if any(({"alertname": name} | labels).items() <= alert.items() for alert in fire_now)
        }

    wait_until(lambda: not firing(), ENDS_S)  # of what was before
    began, took = time.monotonic(), {}
    with ExitStack() as stack:
        for cause in causes:
            stack.enter_context(cause.fault)
        while set(took) != set(wanted) and time.monotonic() - began < seconds:
            took |= {name: time.monotonic() - began for name in firing() - set(took)}
            time.sleep(1)
    assert set(took) == set(wanted), (set(wanted) - set(took), prometheus.alerts())
    ended = time.monotonic()
    wait_until(lambda: not firing(), ENDS_S)
    MEASURED.append("alerts fired after s: " + ", ".join(f"{name} {after:.0f}" for name, after in took.items()))
    MEASURED.append(f"all of them were over {time.monotonic() - ended:.0f} s after their causes")
