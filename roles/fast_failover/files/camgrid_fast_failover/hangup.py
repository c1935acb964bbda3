"""Closes this host's connections to a member of another group that leads no longer and says nothing.

The kernel of a frozen host goes on acknowledging packets, so no time-out of the network ends what waits for it: a
backend here that cancels its query there waits for the answer, holding locks that Citus needs to learn who leads now.
It runs on a thread of its own: whatever it waits for, the cuts of its own group do not.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from threading import Event

from . import probe
from .daemon import say
from .etcd import Etcd, EtcdError, decode, encode
from .settings import Settings

# Seconds between two looks.
_INTERVAL_S = 1.0
# Seconds for which a member that lost the lead is watched. Later connections to it are none of a primary's any more.
_WATCH_S = 120.0
# Seconds for a command that takes milliseconds.
_TIMEOUT_S = 5


def close_connections(address: str) -> int:
    """Ends all connections from here to an address's PostgreSQL, as if it had reset them; returns how many.

    OSError or subprocess.SubprocessError when that cannot be done.
    """
    command = ["ss", "--no-header", "--tcp", "--kill", "dst", address, "dport", "=", str(probe.POSTGRESQL_PORT)]
    killed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=_TIMEOUT_S)
    return len(killed.stdout.splitlines())


class Hangup:
    """Who leads the other groups, and who did until a moment ago."""

    def __init__(
        self,
        settings: Settings,
        etcd: Etcd,
        answers: Callable[..., bool] = probe.answers,
        close: Callable[[str], int] = close_connections,
    ) -> None:
        self._settings, self._etcd = settings, etcd
        self._answers, self._close = answers, close
        # Group → its leader when last seen.
        self._leaders: dict[str, str] = {}
        # Former leader → until when it is watched.
        self._former: dict[str, float] = {}

    def run(self, stop: Event) -> None:
        """Looks again and again; returns at once where there is no other group."""
        blind = False
        while self._settings.others and not stop.wait(_INTERVAL_S):
            try:
                self.look(time.monotonic())
                blind = False
            except (EtcdError, OSError, subprocess.SubprocessError) as error:
                if not blind:  # once, not every second that etcd is away
                    say(f"connections to former leaders are not looked at: {error}")
                blind = True

    def look(self, now: float) -> None:
        """One look. EtcdError; OSError or subprocess.SubprocessError when connections cannot be closed."""
        for group, leader in self._read().items():
            before = self._leaders.get(group, leader)
            self._leaders[group] = leader
            self._former.pop(leader, None)
            if before != leader:
                self._former[before] = now + _WATCH_S
        for member, until in list(self._former.items()):
            address = self._settings.others[member][1]
            if now > until or self._answers(address, self._settings.context):
                del self._former[member]
            elif closed := self._close(address):
                say(f"{member} leads no longer and is silent: {closed} connection(s) to it closed")

    def _read(self) -> dict[str, str]:
        """Other group → its leader, where it has one that is known here."""
        groups = sorted({group for group, _ in self._settings.others.values()})
        keys = [f"{self._settings.groups_prefix}{group}/leader" for group in groups]
        reading = {"success": [{"request_range": {"key": encode(key)}} for key in keys]}
        found = [each["response_range"].get("kvs", []) for each in self._etcd.call("kv/txn", reading)["responses"]]
        leaders = {group: decode(kvs[0]["value"]) for group, kvs in zip(groups, found, strict=True) if kvs}
        return {group: leader for group, leader in leaders.items() if leader in self._settings.others}
