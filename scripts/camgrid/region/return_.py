"""Brings a region back that was lost or given up: it follows the one that is open, and takes no write on the way.

Its etcd first. Then Patroni is stopped wherever it tries to start, the settings that etcd keeps are made those of a
region that follows, and only then Patroni is started: it takes back what the open region never had (pg_rewind). A group
that cannot be rewound is copied anew (see history). Running it again goes on where it was stopped.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from camgrid import patroni
from camgrid.console import say
from camgrid.errors import CamgridError
from camgrid.region import fence, history, state
from camgrid.region.settings import OURS, epoch, following
from camgrid.remote import Host
from camgrid.topology import Node

_PEM, _CA = "/etc/camgrid/pki/node.pem", "/etc/camgrid/pki/ca.crt"
# Seconds that a returning region has to stream: a rewind reads all that was changed, a copy all there is.
STREAM_S = 600
_LOOK_S = 1
_ETCD_S = 60


@dataclass
class Plan:
    """What is to be brought back: groups follow already (follows), are copied anew (apart) or rewound (all others)."""

    region: str
    open: str
    groups: list[int]
    follows: list[int]
    apart: list[int]

    def lines(self) -> list[str]:
        """What is about to be done, for the reader."""
        found = [f"{self.region} is to follow {self.open}"]
        for group in self.groups:
            if group in self.apart:
                text = (
                    "its data is DELETED and copied anew: it went on by itself, and its timeline's number is no new one"
                )
            elif group in self.follows:
                text = "follows already"
            else:
                text = f"what it committed and {self.open} never got is undone (pg_rewind)"
            found.append(f"  group {group}: {text}")
        return found


def make(app: Any) -> Plan:
    """The plan as it is now. CamgridError when not exactly one region is open."""
    first, second = state.require_two(app.topology)
    places = state.places(app)
    open_ = [region for region in (first, second) if any(p.writable for p in places if p.region == region)]
    if len(open_) != 1:
        what = "no region takes writes" if not open_ else "both regions take writes"
        raise CamgridError(f"{what}, so it is not clear which one is to follow", hint="camgrid region status")
    region = second if open_[0] == first else first
    lacking = [p.group for p in places if p.region == open_[0] and not p.writable]
    if lacking:
        raise CamgridError(f"group {lacking[0]} has no primary in {open_[0]}", hint="camgrid region status")
    nodes = [node for node in app.topology.nodes if node.region == region]
    _reachable(nodes)
    groups = app.topology.groups(region)
    leaders = {p.group: app.topology.node(str(p.leader)) for p in places if p.region == open_[0]}
    apart = [group for group in groups if _apart(app, [n for n in nodes if n.group == group], leaders[group])]
    follows = [p.group for p in places if p.region == region and p.role == "standby_leader" and p.group not in apart]
    return Plan(region, open_[0], groups, follows, apart)


def _reachable(nodes: list[Node]) -> None:
    missing = [each.node.host for each in fence.probe(nodes) if not each.ssh]
    if missing:
        raise CamgridError("it cannot be reached by SSH", where=", ".join(missing), hint="start it, then try again")


def _apart(app: Any, nodes: list[Node], leader: Node | None) -> bool:
    """Whether any member of a group went on by itself in a way that Patroni would not see."""
    if leader is None:
        return False
    now = history.of_leader(app, leader)
    with ThreadPoolExecutor(max_workers=len(nodes)) as pool:
        pasts = list(pool.map(lambda node: history.of_host(app, node), nodes))
    return any(past is not None and history.apart(past, now) for past in pasts)


class Return:
    """One return. plan: what make found and the operator agreed to."""

    def __init__(self, app: Any, plan: Plan) -> None:
        self.app, self.plan = app, plan
        self.nodes = [node for node in app.topology.nodes if node.region == plan.region]
        self.etcd = app.topology.etcd[plan.region]

    def run(self) -> float:
        """Does it and returns the seconds that it took."""
        began = time.monotonic()
        waiting = [node for node in self.nodes if node.group not in self.plan.follows]
        self._each(self.etcd, lambda host: self._shell(host, "systemctl start etcd"))
        self._wait_for_etcd()
        self._each(waiting, lambda node: self._shell(node.host, "systemctl stop patroni"))
        for group in sorted({node.group for node in waiting}):
            self._make_follow(group)
        data = history.directory(self.app.topology)
        self._each(
            [node for node in waiting if node.group in self.plan.apart],
            lambda node: self._shell(node.host, f"rm -rf {data}"),
        )
        self._each(self.nodes, lambda node: self._shell(node.host, f"rm -f {fence.MARK}; systemctl start patroni"))
        say(f"Patroni runs in {self.plan.region}; waiting until all groups stream")
        self._wait_until_they_stream()
        for group in self.plan.groups:
            change = {OURS: {"alone": None}}
            patroni.change_config(self.app.inventory, self.app.topology, change, group, self.plan.open)
        return time.monotonic() - began

    def _wait_for_etcd(self) -> None:
        deadline = time.monotonic() + _ETCD_S
        while True:
            try:
                self._etcdctl("endpoint health")
                return
            except CamgridError as error:
                if time.monotonic() > deadline:
                    raise CamgridError(
                        f"etcd of {self.plan.region} does not come up: {error.what}",
                        where=", ".join(self.etcd),
                        hint="on its hosts: journalctl --unit=etcd --lines=50",
                    ) from error
                time.sleep(_LOOK_S)

    def _make_follow(self, group: int) -> None:
        """Writes into etcd that the group follows. Patroni does not run there, so nobody else changes it."""
        config = patroni.config(self.app.inventory, self.app.topology, group, self.plan.open)
        # The open region's are the newer ones, but for the slot that is kept for the other region, and what is ours.
        config |= following(self.app.topology, self.plan.region, group)
        config |= {"slots": {self.plan.open: {"type": "physical", "cluster_type": "primary"}}}
        config |= {OURS: {"epoch": epoch(config)}}
        place = f"/service/{self.app.topology.cluster}/{f'{group}/' if self.app.topology.sharded else ''}"
        self._etcdctl(f"put {place}config", given=json.dumps(config))
        # Without them the first member to start copies the other region, and the others copy it.
        for key in (
            ("initialize", "leader", "failover", "sync", "history", "status") if group in self.plan.apart else ()
        ):
            self._etcdctl(f"del {place}{key}")

    def _wait_until_they_stream(self) -> None:
        deadline = time.monotonic() + STREAM_S
        while True:
            places = [place for place in state.places(self.app) if place.region == self.plan.region]
            waiting = [place for place in places if not place.streams]
            if not waiting:
                return
            if time.monotonic() > deadline:
                raise CamgridError(
                    f"does not stream after {STREAM_S} s",
                    where=", ".join(f"{self.plan.region}, group {place.group}" for place in waiting),
                    hint="on its hosts: journalctl --unit=patroni; it goes on by itself: camgrid region status",
                )
            time.sleep(_LOOK_S)

    def _etcdctl(self, words: str, given: str = "") -> str:
        endpoints = ",".join(f"https://{self.app.topology.hosts[host]}:2379" for host in self.etcd)
        command = f"etcdctl --endpoints={endpoints} --cacert={_CA} --cert={_PEM} --key={_PEM} {words}"
        return Host(self.app.inventory, self.etcd[0]).run(command, given)

    def _shell(self, host: str, command: str) -> None:
        Host(self.app.inventory, host).run(command)

    @staticmethod
    def _each(things: Iterable[Any], act: Callable[[Any], None]) -> None:
        chosen = list(things)
        with ThreadPoolExecutor(max_workers=max(1, len(chosen))) as pool:
            list(pool.map(act, chosen))
