"""Opens the region that stands by when the other one is lost: fenced first, all groups or none."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from camgrid import patroni
from camgrid.console import say
from camgrid.errors import CamgridError
from camgrid.region import common, fence, settle, state
from camgrid.region.lsn import text
from camgrid.region.plan import begun
from camgrid.region.settings import OURS, Lock, LostError, epoch
from camgrid.topology import Node
from camgrid.units import size

# Seconds that a node of the lost region which had been let start just before has to be seen.
_STARTING_S = 3
_OPEN_S = 40
_LOOK_S = 0.2


@dataclass
class Plan:
    """What opening target means. newest: group → (host, position, when its newest commit was made, None if unknown);
    reached: what of the lost region answers."""

    lost: str
    target: str
    newest: dict[int, tuple[str, int, str | None]]
    reached: list[fence.Reach]
    open: bool  # whether the other region takes writes at this moment
    point: common.Point | None = None  # the newest point that all groups have and none has replayed
    at_point: bool = False  # whether it is opened there rather than with the newest of each group
    missing: list[int] = field(default_factory=list)

    def lines(self) -> list[str]:
        """What is about to be done, for the reader."""
        found = [f"{self.target} is opened without {self.lost}; what has not arrived in {self.target} is lost:"]
        for group, (host, position, moment) in self.newest.items():
            found.append(
                f"  group {group}: {host} has all up to {text(position)}, the newest commit of {moment or '?'}"
            )
        found += self._choices()
        moments = [moment for _, _, moment in self.newest.values() if moment]
        if len(set(moments)) > 1:
            found.append(
                f"  of transactions over several groups that were committed between {min(moments)} and {max(moments)},"
                " a part may be missing"
            )
        told = [each.node.host for each in self.reached if each.ssh]
        silent = [each.node.host for each in self.reached if not each.ssh]
        if self.open:
            found.append(f"{self.lost} takes writes NOW; camgrid region switch would lose nothing")
        if told:
            found.append(f"stopped first, by SSH: {', '.join(told)}")
        if silent:
            found.append(f"cannot be reached, you vouch that they are off and stay so: {', '.join(silent)}")
        return found

    def _choices(self) -> list[str]:
        if self.point is None:
            return ["--common is not possible: there is no restore point that all groups have and none has replayed"]
        far = {group: self.newest[group][1] - at for group, at in self.point.positions.items()}
        lost = ", ".join(f"group {group}: {size(left)} of its log" for group, left in far.items())
        chosen = "chosen" if self.at_point else "possible"
        return [f"--common ({chosen}): all groups as of {self.point.name}; no half is left, but more is lost ({lost})"]

    @property
    def vouched(self) -> bool:
        """Whether the operator has to say that hosts are off."""
        return any(not each.ssh for each in self.reached)


def make(app: Any, *, at_point: bool) -> Plan:
    """The plan as it is now. at_point: whether to open at a point that all groups have.

    CamgridError when not every group of a region that follows can be opened, or there is no such point.
    """
    places = state.places(app)
    first, second = state.require_two(app.topology)
    following = [
        region
        for region in (first, second)
        if any(place.role == "standby_leader" for place in places if place.region == region)
    ]
    if len(following) != 1:
        what = "no region follows the other" if not following else "both regions follow each other"
        raise CamgridError(f"{what}: there is nothing to promote", where="regions", hint="camgrid region status")
    target = following[0]
    lost = second if target == first else first
    moving = begun(app, lost)
    if moving and moving["until"] > time.time():
        raise CamgridError(f"{moving['by']} is moving this cluster to {moving['to']}", hint="camgrid region status")
    answers = patroni.ask(app.inventory, app.topology, "patroni")
    told = {node.host: answer for node, answer in answers.items() if answer}
    plan = Plan(lost, target, {}, [], any(each.writable for each in places if each.region == lost))
    for place in (each for each in places if each.region == target):
        if place.role != "standby_leader" or place.position is None:
            plan.missing.append(place.group)
            continue
        log = told[str(place.leader)]["xlog"]
        plan.newest[place.group] = (
            str(place.leader),
            log.get("received_location", place.position),
            log.get("replayed_timestamp"),
        )
    if plan.missing:
        raise CamgridError(
            f"not all groups can be opened, so none is: nobody leads {', '.join(f'group {n}' for n in plan.missing)}",
            where=target,
            hint="start its hosts and etcd there; camgrid region status",
        )
    leaders = {group: app.topology.node(host) for group, (host, _, _) in plan.newest.items()}
    replayed = {place.group: place.position for place in places if place.region == target}
    plan.point = common.newest(common.search(app, leaders, replayed))
    plan.at_point = at_point
    if at_point and plan.point is None:
        raise CamgridError(
            "no restore point has arrived in all groups that none has replayed yet",
            where=target,
            hint="without --common each group is opened with its newest; camgrid_region_delay_s makes it possible",
        )
    plan.reached = fence.probe([node for node in app.topology.nodes if node.region == lost])
    return plan


class Promotion:
    """One promotion. plan: what make found and the operator agreed to; who: who asks for it."""

    def __init__(self, app: Any, plan: Plan, who: str) -> None:
        self.app, self.plan = app, plan
        self.groups = app.topology.groups(plan.target)
        self.lock = Lock(app, plan.target)
        self._who = who

    def run(self) -> float:
        """Does it and returns the seconds that it took. CamgridError when nothing was opened."""
        began = time.monotonic()
        before = epoch(patroni.config(self.app.inventory, self.app.topology, 0, self.plan.target))
        self.lock.take({"by": self._who, "from": self.plan.lost, "to": self.plan.target, "stage": "fencing"})
        # All groups take this or none is opened. From now on the guard lets no node of the other region start.
        try:
            if any(place.writable for place in state.places(self.app) if place.region == self.plan.target):
                raise CamgridError("it is open already", where=self.plan.target, hint="camgrid region status")
            self._each({OURS: {"epoch": before + 1}})
            self._fence()
            self.lock.check()
        except LostError:
            raise
        except (CamgridError, KeyboardInterrupt):
            self._each({OURS: {"epoch": before, "switch": None}})
            raise
        if self.plan.at_point:
            self._open_at_point(before)
        else:
            self._each({"standby_cluster": None, OURS: {"epoch": before + 1, "alone": True, "switch": None}})
        self._wait()
        return time.monotonic() - began

    def _open_at_point(self, before: int) -> None:
        """The newest point may be a newer one by now, or have been replayed: it is looked for again when all stands."""
        app, target = self.app, self.plan.target
        leaders = {group: app.topology.node(host) for group, (host, _, _) in self.plan.newest.items()}
        common.stop(app, target)
        point = common.newest(common.search(app, leaders, common.reached(app, leaders)))
        try:
            if point is None:
                raise CamgridError(
                    "a group has replayed the newest common point meanwhile; nothing was opened",
                    where=target,
                    hint="without --common each group is opened with its newest",
                )
            say(f"all groups go to {point.name}")
            common.replay(app, leaders, point)
        except CamgridError:
            common.start(app, target)
            settle.wait_for_patroni(app, target)
            self._each({OURS: {"epoch": before, "switch": None}})
            raise
        common.make_primaries(app, target, self.groups, {"epoch": before + 1, "alone": True})
        common.start(app, target)

    def _fence(self) -> None:
        left = fence.stop(self.app, self.plan.reached)
        if left:
            time.sleep(_STARTING_S)
            back = [each.node.host for each in fence.probe(left) if each.ssh or each.serves]
            if back:
                raise CamgridError(
                    "it has come back", where=", ".join(back), hint="try again: it is to be stopped first"
                )
        say(f"{self.plan.lost} takes no writes")

    def _wait(self) -> None:
        deadline = time.monotonic() + _OPEN_S
        while waiting := [
            group for group in self.groups if not self._writable(self.app.topology.group(group, self.plan.target))
        ]:
            if time.monotonic() > deadline:
                raise CamgridError(
                    "does not take writes yet, as the others do",
                    where=", ".join(f"group {group}" for group in waiting),
                    hint="Patroni goes on trying; its journal there says why not: camgrid region status",
                )
            time.sleep(_LOOK_S)

    def _writable(self, nodes: list[Node]) -> bool:
        answers = patroni.ask(self.app.inventory, self.app.topology, "patroni", nodes).values()
        return any((told or {}).get("role") == "primary" for told in answers)

    def _each(self, change: dict[str, Any]) -> None:
        def set_(group: int) -> None:
            patroni.change_config(self.app.inventory, self.app.topology, change, group, self.plan.target)

        with ThreadPoolExecutor(max_workers=len(self.groups)) as pool:
            list(pool.map(set_, self.groups))
