"""A planned move to the other region: nothing is lost, and never do two regions take writes.

1. Each group of the new region follows one host, the leader of the old region's group (see settings.following).
2. The old region's groups are made to follow the new region's: PostgreSQL stops there and comes back read-only. Where
   its log ends is the group's part of the token.
3. When every group of the new region has replayed to its part, all of them are opened. If one does not get there, the
   old region is opened again, which has everything: all groups or none.
Stopped anywhere it goes on with the next run: before step 3 nobody can have written, and it is noted when that begins.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from camgrid import patroni
from camgrid.console import say
from camgrid.errors import CamgridError
from camgrid.region import settle, state, token
from camgrid.region.lsn import text
from camgrid.region.plan import Plan, check
from camgrid.region.settings import OURS, Lock, LostError, epoch, following
from camgrid.topology import Node

CLOSING, OPENING = "closing", "opening"
# Seconds that a member which was told to follow another host has to stream from it.
_STREAM_S = 60
# What may be left to replay, where a group waited with commits, when the old region is closed.
_NEAR_BYTES = 1024 * 1024
# Seconds that a group which was made read-only has to answer, and the new region's to have all of it.
_ARRIVE_S = 20
# Seconds that a group has to take writes once it may.
_OPEN_S = 30
# Each look costs the node a TLS handshake, while its PostgreSQL starts.
_LOOK_S = 0.3
Result = TypeVar("Result")


@dataclass
class Done:
    """What a switch did: from, to, the token, and the seconds between the first group closed and the last one open."""

    origin: str
    target: str
    seconds: float
    ends: list[token.End]


class Switch:
    """One move. plan: what camgrid.region.plan found; who: who asks for it, told to another operator."""

    def __init__(self, app: Any, plan: Plan, who: str) -> None:
        self.app, self.plan = app, plan
        self.groups = app.topology.groups(plan.origin)
        self.lock = Lock(app, plan.origin)
        self._who = who

    def run(self) -> Done:
        """Does it, or goes on with it. CamgridError when it could not be done and the old region is open again."""
        self.lock.take(self._note(self.plan.stage or CLOSING))
        try:
            check(self.app, self.plan)
            if self.plan.stage != OPENING:
                self._aim()
                self.lock.renew(self._note(CLOSING))
        except LostError:
            raise
        except (CamgridError, KeyboardInterrupt):
            if not self.plan.stage:
                self._leave()
            raise
        began = time.monotonic()
        ends: list[token.End] = []
        if self.plan.stage != OPENING:
            try:
                ends = self._close()
                self._arrive(ends)
                self.lock.check()
            except LostError:
                raise
            except (CamgridError, KeyboardInterrupt) as error:
                self._reopen(error)
                raise
            token.write(self.app, self.plan.origin, self.plan.target, ends)
            self.lock.renew(self._note(OPENING))
        number = self._open()
        seconds = time.monotonic() - began
        settle.follow_again(self.app, self.plan.origin, {OURS: {"epoch": number}})
        settle.complete(self.app, self.plan)
        self.lock.release()
        return Done(self.plan.origin, self.plan.target, seconds, ends)

    def _note(self, stage: str) -> dict[str, Any]:
        return {"by": self._who, "from": self.plan.origin, "to": self.plan.target, "stage": stage}

    def _aim(self) -> None:
        """Every group of the new region follows the one host that leads the old region's."""

        def aim(group: int) -> None:
            source = self._leader(self.plan.origin, group)
            self._set(self.plan.target, group, following(self.app.topology, self.plan.target, group, source))

        self._each(aim)
        # What has gone to disk need not be replayed when PostgreSQL comes back.
        self._each(lambda group: settle.checkpoint(self.app, self._leader(self.plan.origin, group)))
        self._each(
            lambda group: self._wait_for(self._streams, group, _STREAM_S, "does not stream, or has much to replay")
        )

    def _close(self) -> list[token.End]:
        """Makes the old region read-only, the coordinator first, and returns where each group ended."""
        sources = {group: self._leader(self.plan.origin, group) for group in self.groups}
        say(f"{self.plan.origin} takes no more writes from now on")
        self._set(self.plan.origin, 0, following(self.app.topology, self.plan.origin, 0))
        self._each(
            lambda group: self._set(self.plan.origin, group, following(self.app.topology, self.plan.origin, group)),
            self.groups[1:],
        )
        return self._each(lambda group: self._end(group, sources[group]))

    def _end(self, group: int, source: Node) -> token.End:
        """Where a group ended: it answers again as a copy once it has replayed all that it ever wrote."""

        def ended(_: int) -> token.End | None:
            told = self._ask(source)
            log = told.get("xlog", {})
            if told.get("role") == "primary" or "replayed_location" not in log:
                return None
            return token.End(group, source.host, int(told.get("timeline") or 0), log["replayed_location"])

        return self._wait_for(ended, group, _ARRIVE_S, f"{source.host} has not come back read-only")

    def _arrive(self, ends: list[token.End]) -> None:
        """Waits until every group of the new region has all of the old one's."""

        def arrived(group: int) -> bool:
            end = next(each for each in ends if each.group == group)
            position = self._ask(self._leader(self.plan.target, group)).get("xlog", {}).get("replayed_location", 0)
            return position >= end.position

        self._each(lambda group: self._wait_for(arrived, group, _ARRIVE_S, "has not got all of it"))
        for end in ends:
            say(f"group {end.group}: {end.host} ended at {text(end.position)}, {self.plan.target} has all of it")

    def _open(self) -> int:
        """Opens the new region: from here on there is no way back but another switch. Returns its epoch."""
        number = 1 + max(
            epoch(patroni.config(self.app.inventory, self.app.topology, 0, region))
            for region in (self.plan.origin, self.plan.target)
        )
        change = {"standby_cluster": None, OURS: {"epoch": number, "alone": None}}
        self._each(lambda group: self._set(self.plan.target, group, change))
        self._each(lambda group: self._wait_for(self._writable, group, _OPEN_S, "does not take writes yet"))
        say(f"{self.plan.target} takes writes")
        return number

    def _leave(self) -> None:
        """Nothing was closed yet: the new region follows as it did."""
        if all(place.writable for place in state.places(self.app) if place.region == self.plan.origin):
            settle.follow_again(self.app, self.plan.target)
        self.lock.release()

    def _reopen(self, error: BaseException) -> None:
        """Gives the writes back to the old region, which lost nothing."""
        say(f"not switched: {error}\n{self.plan.origin} is opened again")
        self._each(lambda group: self._set(self.plan.origin, group, {"standby_cluster": None}))
        settle.follow_again(self.app, self.plan.target)
        self.lock.release()

    def _streams(self, group: int) -> bool:
        told = self._ask(self._leader(self.plan.target, group))
        log = told.get("xlog", {})
        left = log.get("received_location", 0) - log.get("replayed_location", 0)
        return told.get("replication_state") == "streaming" and left < _NEAR_BYTES

    def _writable(self, group: int) -> bool:
        nodes = self.app.topology.group(group, self.plan.target)
        answers = patroni.ask(self.app.inventory, self.app.topology, "patroni", nodes).values()
        return any((told or {}).get("role") == "primary" for told in answers)

    def _leader(self, region: str, group: int) -> Node:
        host = self.plan.place(region, group).leader
        node = self.app.topology.node(host) if host else None
        if node is None:
            raise CamgridError("nobody leads it there", where=f"{region}, group {group}", hint="camgrid region status")
        return node

    def _ask(self, node: Node) -> dict[str, Any]:
        return patroni.ask(self.app.inventory, self.app.topology, "patroni", [node])[node] or {}

    def _set(self, region: str, group: int, change: dict[str, Any]) -> None:
        patroni.change_config(self.app.inventory, self.app.topology, change, group, region)

    def _each(self, act: Callable[[int], Result], groups: Iterable[int] | None = None) -> list[Result]:
        chosen = list(self.groups if groups is None else groups)
        with ThreadPoolExecutor(max_workers=max(1, len(chosen))) as pool:
            return list(pool.map(act, chosen))

    def _wait_for(self, wanted: Callable[[int], Result], group: int, seconds: float, otherwise: str) -> Result:
        deadline = time.monotonic() + seconds
        while not (found := wanted(group)):
            if time.monotonic() > deadline:
                raise CamgridError(otherwise, where=f"group {group}", hint=state.STATUS)
            time.sleep(_LOOK_S)
        return found
