"""What both regions are now, group by group: who leads, where it is in the log, and what is wrong with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import psycopg

from camgrid import patroni
from camgrid.errors import CamgridError, UsageError
from camgrid.finding import Finding
from camgrid.region.lsn import text
from camgrid.topology import Topology

# A region this far behind would lose that much if it had to take over now.
LAG_WARNING_BYTES = 16 * 1024 * 1024
LAG_WARNING_S = 30
STATUS = "camgrid region status"
_JOURNAL = "on {}: journalctl --unit=patroni --lines=50"


@dataclass(frozen=True)
class Place:
    """A group in a region. leader: the host that leads it there, or None; role: primary, standby_leader or -.

    position: up to where it has replayed the log, in bytes; received: what has arrived of it. Where it follows, it
    lacks lag_bytes of the open region's log, and what it shows is lag_seconds old.
    """

    region: str
    group: int
    leader: str | None = None
    role: str = "-"
    timeline: int | None = None
    position: int | None = None
    received: int | None = None
    lag_bytes: int | None = None
    lag_seconds: float | None = None
    streams: bool = False

    @property
    def writable(self) -> bool:
        """Whether its PostgreSQL takes writes."""
        return self.role == "primary"


@dataclass
class View:
    """Both regions at one moment; JSON of `camgrid region status --json`. open: the regions that take writes."""

    cluster: str
    open: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def place(self, region: str, group: int) -> Place:
        """A group's place in a region."""
        return next(each for each in self.places if (each.region, each.group) == (region, group))

    def as_json(self) -> dict[str, Any]:
        """Plain data, with `healthy` on top."""
        regions = [
            {
                "region": region,
                "open": region in self.open,
                "groups": [
                    asdict(each) | {"position": text(each.position), "received": text(each.received)}
                    for each in self.places
                    if each.region == region
                ],
            }
            for region in dict.fromkeys(each.region for each in self.places)
        ]
        findings = [asdict(each) for each in self.findings]
        return {"healthy": not self.findings, "cluster": self.cluster, "regions": regions, "findings": findings}


def require_two(topology: Topology) -> tuple[str, str]:
    """The two regions. UsageError where there is one."""
    if len(topology.region_names) != 2:
        raise UsageError(
            "this cluster has one region",
            where=f"phase {topology.phase}",
            hint="name the hosts of region_dr, set camgrid_phase: multi_region and run playbooks/site.yml",
        )
    first, second = topology.region_names
    return first, second


def places(app: Any) -> list[Place]:
    """Every group of both regions as its PostgreSQL tells now, without judging it."""
    answers = patroni.ask(app.inventory, app.topology, "patroni")
    found = [
        _place(region, group, {node.host: answers[node] for node in app.topology.group(group, region)})
        for region in app.topology.region_names
        for group in app.topology.groups(region)
    ]
    # Looked at after the copies, so that none of them is ahead but for a reason.
    again = patroni.ask(
        app.inventory, app.topology, "patroni", [app.topology.node(p.leader) for p in found if p.writable]
    )
    answers |= again
    found = [_later(each, again) for each in found]
    primaries = {each.group: each for each in found if each.writable}
    return [_behind(each, primaries.get(each.group), answers) for each in found]


def _place(region: str, group: int, answers: dict[str, dict[str, Any] | None]) -> Place:
    for role in ("primary", "standby_leader"):
        for host, told in answers.items():
            if told and told.get("role") == role and told.get("xlog"):
                log = told["xlog"]
                position = log.get("location", log.get("replayed_location"))
                streams = told.get("replication_state") == "streaming"
                received = max(position, log.get("received_location") or 0)
                return Place(region, group, host, role, told.get("timeline"), position, received, streams=streams)
    return Place(region, group)


def _later(place: Place, answers: dict[Any, dict[str, Any] | None]) -> Place:
    told = next((answer for node, answer in answers.items() if node.host == place.leader and place.writable), None)
    return replace(place, position=told["xlog"].get("location", place.position)) if told and "xlog" in told else place


def _behind(place: Place, primary: Place | None, answers: dict[Any, dict[str, Any] | None]) -> Place:
    if primary is None or primary is place or place.received is None or primary.position is None:
        return place
    told = next(answer for node, answer in answers.items() if node.host == place.leader) or {}
    lag, moment = primary.position - place.received, told["xlog"].get("replayed_timestamp")
    seconds = None
    if lag <= 0 and place.position == place.received:
        seconds = 0.0
    elif moment:
        seconds = round(max(0.0, (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()), 1)
    return replace(place, lag_bytes=lag, lag_seconds=seconds)


def look(app: Any) -> View:
    """Both regions, judged. What does not answer becomes a finding, never an exception."""
    require_two(app.topology)
    view = View(app.topology.cluster, places=places(app))
    view.open = [region for region in app.topology.region_names if any(p.writable for p in _of(view, region))]
    view.findings += _writers(view)
    for place in view.places:
        view.findings += _place_findings(view, place, app.topology.region_delay_s)
    if len(view.open) == 1:
        view.findings += _names(app)
    return view


def _of(view: View, region: str) -> list[Place]:
    return [place for place in view.places if place.region == region]


def _writers(view: View) -> list[Finding]:
    """Whether one region takes writes, and all of it does."""
    if not view.open:
        step = "camgrid region switch goes on where it was stopped; camgrid region promote opens what is left"
        return [Finding("no region takes writes", "regions", step)]
    if len(view.open) > 1:
        both = " and ".join(view.open)
        step = "stop Patroni in the one that was given up, then: camgrid region return"
        return [Finding(f"{both} take writes at once", "regions", step)]
    missing = [place.group for place in _of(view, view.open[0]) if not place.writable]
    step = "a failover takes up to half a minute; then: camgrid region switch, which goes on where it was stopped"
    return [
        Finding("no primary, while other groups there have one", f"{view.open[0]}, group {n}", step) for n in missing
    ]


def _place_findings(view: View, place: Place, delay: int) -> list[Finding]:
    if place.region in view.open:
        return []
    where = f"{place.region}, group {place.group}"
    if place.leader is None:
        step = "are its hosts and its etcd up? If the region was lost and is back: camgrid region return"
        return [Finding("nobody leads it there", where, step)]
    found = []
    if (place.lag_bytes or 0) < 0:
        step = "camgrid region return copies it anew"
        found.append(
            Finding(f"{place.leader} has {-place.lag_bytes:,} bytes that the open region never had", where, step)
        )
    if not place.streams:
        step = _JOURNAL.format(place.leader)
        found.append(Finding(f"{place.leader} does not stream from the other region", where, step))
    late = (place.lag_seconds or 0) > LAG_WARNING_S + delay
    if late or (place.lag_bytes or 0) > LAG_WARNING_BYTES:
        text_ = f"{place.leader} is {place.lag_bytes:,} bytes and {place.lag_seconds or 0:.0f} s behind"
        found.append(Finding(text_, where, "is the line between the regions slow? It catches up by itself"))
    return found


def _names(app: Any) -> list[Finding]:
    """Names in Citus's list that lead to a host which does not answer: reads of that region fail there."""
    if not app.topology.sharded:
        return []
    try:
        with app.connect("monitor", autocommit=True) as conn:
            rows = conn.execute("SELECT DISTINCT nodename FROM pg_dist_node WHERE noderole = 'primary'").fetchall()
    except (CamgridError, psycopg.Error) as error:
        return [Finding(f"Citus's list of nodes cannot be read: {error}", "coordinator", "camgrid status")]
    answers = patroni.ask(app.inventory, app.topology, "patroni")
    alive = {node.address for node, told in answers.items() if told and told.get("state") == "running"}
    return [
        Finding(
            f"{name}, which Citus asks, is {'a host that does not run' if name in names else 'unknown'} there",
            region,
            "start that host; if it is gone for good, take it out of the inventory and run playbooks/site.yml",
        )
        for region in app.topology.region_names
        for names in [app.topology.names(region)]
        for (name,) in rows
        if names.get(name) not in alive
    ]
