"""Whether the cluster can be moved to its other region now, and what that takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from camgrid import patroni
from camgrid.errors import CamgridError
from camgrid.finding import Finding
from camgrid.rebalance import job as jobs
from camgrid.region import state
from camgrid.region.settings import OURS
from camgrid.units import size


@dataclass
class Plan:
    """A move from the region origin to target. leaders: group → host that leads it in origin; stage: how far an earlier
    run came, "" when there was none; obstacles: what stands in the way."""

    origin: str
    target: str
    places: list[state.Place]
    stage: str = ""
    obstacles: list[Finding] = field(default_factory=list)

    def place(self, region: str, group: int) -> state.Place:
        """A group's place in a region."""
        return next(each for each in self.places if (each.region, each.group) == (region, group))

    def lines(self) -> list[str]:
        """What is about to be done, for the reader."""
        if self.stage:
            return [f"a switch from {self.origin} to {self.target} was begun and stopped ({self.stage}); it goes on"]
        found = [f"all groups move from {self.origin} to {self.target}, with some seconds without writes:"]
        for each in self.places:
            if each.region == self.target:
                old = self.place(self.origin, each.group)
                found.append(f"  group {each.group}: {old.leader} → {each.leader}, {size(each.lag_bytes or 0)} behind")
        return found


def make(app: Any) -> Plan:
    """The plan as the cluster is now; that of a switch which was stopped, where there is one."""
    first, second = state.require_two(app.topology)
    for region in (first, second):
        earlier = begun(app, region)
        if earlier:
            return Plan(earlier["from"], earlier["to"], state.places(app), stage=earlier["stage"])
    view = state.look(app)
    origin = view.open[0] if view.open else first
    plan = Plan(origin, second if origin == first else first, view.places)
    plan.obstacles += view.findings
    plan.obstacles += _paused(app)
    plan.obstacles += _moves(app)
    return plan


def check(app: Any, plan: Plan) -> None:
    """Looks again, once nobody else can be at it. CamgridError when the plan is not true any more."""
    places = {(place.region, place.group): place for place in state.places(app)}
    for place in plan.places:
        now = places[place.region, place.group]
        if plan.stage:
            # Half way: what one region has opened, the other must not have.
            wrong = now.writable and any(places[other, place.group].writable for other in _others(plan, place))
        else:
            wrong = (now.leader, now.role) != (place.leader, place.role)
        if wrong:
            raise CamgridError(
                f"nothing was changed: {now.leader or 'nobody'} leads it now, as {now.role}",
                where=f"{place.region}, group {place.group}",
                hint="camgrid region status, then try again",
            )


def _others(plan: Plan, place: state.Place) -> set[str]:
    return {plan.origin, plan.target} - {place.region}


def begun(app: Any, region: str) -> dict[str, Any] | None:
    """What a switch that was not finished says of itself, in the settings of the region that it began in."""
    node_answers = patroni.ask(app.inventory, app.topology, "config", app.topology.group(0, region)).values()
    config = next((answer for answer in node_answers if answer is not None), {})
    held = (config.get(OURS) or {}).get("switch")
    return held if held and held["from"] == region else None


def _paused(app: Any) -> list[Finding]:
    answers = patroni.ask(app.inventory, app.topology, "config")
    groups = {(node.region, node.group) for node, told in answers.items() if told and told.get("pause")}
    step = "patronictl resume; a playbook that was stopped may have left it so"
    return [Finding("Patroni is paused", f"{region}, group {group}", step) for region, group in sorted(groups)]


def _moves(app: Any) -> list[Finding]:
    """Shards that are being moved: the copying does not come along."""
    if not app.topology.sharded:
        return []
    with app.connect("admin", autocommit=True) as conn:
        job = jobs.last(conn)
    if job is None or job.ended:
        return []
    return [Finding(f"shards are being moved (job {job.id})", "rebalance", "camgrid rebalance watch, or stop")]
