"""The load of a run: writers, one that goes past the proxies, and a reader, all at once."""

from __future__ import annotations

import time
from itertools import pairwise
from types import TracebackType

from camgrid import endpoints
from camgrid.chaos.clients import DEADLINE_S, GRACE_S, Client, Counts, Deadlines, Pairs, Reads
from camgrid.chaos.ground import Ground
from camgrid.chaos.ledger import Ledger
from camgrid.errors import CamgridError

# Seconds within which a client that is served has succeeded again, however busy the machine.
_SERVED_S = 1.0
# What clients get to connect and be served for the first time.
_START_S = 30
# A client's last statement, and its last tries to connect.
_END_S = DEADLINE_S + GRACE_S + 15


class Load:
    """Clients that write and read for as long as the `with` block lasts.

    group: the one that a client writes to past all proxies, which nobody promises a time to: it is there to find a
    leader that is none any more, and still tells its clients that their writes are kept.
    """

    def __init__(self, ground: Ground, ledger: Ledger, group: int) -> None:
        self.ledger = ledger
        self._deadlines = Deadlines()
        self.clients = _clients(ground, ledger, self._deadlines, group)
        self.started = self.ended = 0.0

    def __enter__(self) -> Load:
        self.started = time.monotonic()
        for thread in (self._deadlines, *self.clients):
            thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.ended = time.monotonic()
        for client in self.clients:
            client.end()
        # Interrupted: the clients are daemons, and the ledger knows what they have sent.
        deadline = time.monotonic() + (_END_S if kind is None else 0)
        for client in self.clients:
            client.join(max(0.0, deadline - time.monotonic()))
        self._deadlines.end()
        if kind is None:
            self.check()

    def check(self) -> None:
        """CamgridError when a client ended by a mistake of its own."""
        for client in self.clients:
            if client.broken:
                raise CamgridError(f"the client {client.name} broke: {client.broken}", hint="report this")

    def unserved(self) -> list[str]:
        """A line for each client that counts and has not succeeded within the last moment."""
        self.check()
        now = time.monotonic()
        return [
            f"{client.name} was not served again"
            for client in self.clients
            if client.counts and now - self.ledger.last(client.name) > _SERVED_S
        ]

    def wait_until_served(self, seconds: float = _START_S) -> None:
        """Waits until every client is served. CamgridError with the errors that they saw when that takes too long."""
        deadline = time.monotonic() + seconds
        while self.unserved():
            if time.monotonic() > deadline:
                raise CamgridError(
                    f"clients are not served after {seconds:.0f} s: {dict(self.ledger.errors) or 'no answer'}",
                    hint="camgrid status; what does HAProxy on the proxy hosts say?",
                )
            time.sleep(0.1)


def _clients(ground: Ground, ledger: Ledger, deadlines: Deadlines, group: int) -> list[Client]:
    def through(endpoint: str, role: str = "writer") -> dict:
        return endpoints.parameters(ground.inventory, ground.topology, role, endpoint)

    by_group = ground.cameras
    everywhere = [camera for cameras in zip(*by_group.values(), strict=True) for camera in cameras]
    ingest, write = through("ingest"), through("write")
    clients: list[Client] = [
        Counts(f"ingest {number}", ingest, ledger, deadlines, cameras=cameras, zone=number)
        for number, cameras in by_group.items()
    ]
    # Zones above those of all groups.
    zone = max(by_group) + 1
    clients.append(Counts("write", write, ledger, deadlines, cameras=everywhere, zone=zone))
    # Neighbours are in different groups, where there are different groups.
    pairs = list(pairwise(everywhere))
    clients.append(Pairs("pair", write, ledger, deadlines, pairs=pairs))
    mine = by_group.get(group, everywhere)
    straight = ground.direct(group)
    clients.append(Counts("direct", straight, ledger, deadlines, cameras=mine, zone=zone + 1, counts=False))
    clients.append(Reads("read", through("read", "reader"), ledger, deadlines, cameras=everywhere))
    return clients
