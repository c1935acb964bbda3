"""Asks Patroni's REST API who leads a group and how its members are."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from camgrid import pki
from camgrid.errors import CamgridError
from camgrid.inventory import Inventory
from camgrid.topology import Node, Topology

PORT = 8008
_TIMEOUT_S = 3
HEALTHY = ("running", "streaming")


@dataclass(frozen=True)
class Member:
    """A member as its group sees it. role: leader, replica, sync_standby, quorum_standby …; lag: bytes or None."""

    name: str
    group: int
    region: str
    address: str
    role: str
    state: str
    timeline: int | None = None
    lag: int | None = None
    pending_restart: bool = False

    @property
    def healthy(self) -> bool:
        """Whether it leads, or follows its leader by streaming."""
        return self.state in HEALTHY


def members(inventory: Inventory, topology: Topology) -> list[Member]:
    """Every node of the topology with the state that its group reports; state "unreachable" where nobody knows it."""
    ca = pki.directory(inventory) / "ca.crt"
    if not ca.exists():
        raise CamgridError(
            "the cluster's CA is missing, so no host can be trusted",
            where=str(ca),
            hint="run playbooks/site.yml from this machine once, or bring the directory from where it ran",
        )
    context = ssl.create_default_context(cafile=str(ca))
    with ThreadPoolExecutor(max_workers=16) as pool:
        answers = dict(zip(topology.nodes, pool.map(lambda node: _ask(node, context), topology.nodes), strict=True))
    return [_member(node, topology, answers) for node in topology.nodes]


def _ask(node: Node, context: ssl.SSLContext) -> list[dict] | None:
    """What a member says about its group, or None when it does not answer."""
    url = f"https://{node.address}:{PORT}/cluster"
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S, context=context) as answer:
            return json.load(answer)["members"]
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return None


def _member(node: Node, topology: Topology, answers: dict[Node, list[dict] | None]) -> Member:
    base = {"name": node.host, "group": node.group, "region": node.region, "address": node.address}
    if answers[node] is None:
        return Member(**base, role="-", state="unreachable")
    told = next((entry for entry in answers[node] if entry["name"] == node.host), None)
    if told is None:
        return Member(**base, role="-", state="unknown to its group")
    lag = told.get("lag")
    return Member(
        **base,
        role=told["role"],
        state=told["state"],
        timeline=told.get("timeline"),
        lag=lag if isinstance(lag, int) else None,
        pending_restart=bool(told.get("pending_restart")),
    )
