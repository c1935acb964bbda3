"""Asks Patroni's REST API who leads a group and how its members are."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from camgrid import group, pki
from camgrid.errors import CamgridError
from camgrid.inventory import Inventory
from camgrid.topology import MAIN_REGION, Node, Topology

PORT = 8008
_TIMEOUT_S = 3


@dataclass(frozen=True)
class Member:
    """A member as its group sees it. role: leader, replica, sync_standby, quorum_standby …; lag: bytes or None.

    tags: names of the Patroni tags that are set, such as nofailover.
    """

    name: str
    group: int
    region: str
    address: str
    role: str
    state: str
    timeline: int | None = None
    lag: int | None = None
    pending_restart: bool = False
    tags: tuple[str, ...] = ()

    @property
    def leads(self) -> bool:
        """Whether it leads its group in its region."""
        return self.role in group.LEADERS

    @property
    def trouble(self) -> str:
        """What is wrong with it, as the rest of a sentence that its name begins; "" when nothing is."""
        return group.trouble(self.role, self.state)

    @property
    def healthy(self) -> bool:
        """Whether it leads, or follows its leader by streaming."""
        return not self.trouble


def members(inventory: Inventory, topology: Topology) -> list[Member]:
    """Every node of the topology with the state that its group reports; state "unreachable" where nobody knows it."""
    answers = ask(inventory, topology, "cluster")
    return [_member(node, answer) for node, answer in answers.items()]


def versions(inventory: Inventory, topology: Topology) -> dict[str, str | None]:
    """Host → version of the PostgreSQL that runs there, such as "17.6"; None where none answers."""
    found = {}
    for node, answer in ask(inventory, topology, "patroni").items():
        number = (answer or {}).get("server_version")
        found[node.host] = f"{number // 10000}.{number % 10000}" if number else None
    return found


def open_region(inventory: Inventory, topology: Topology) -> str:
    """The region whose coordinator takes writes; the first one where nobody does, or there is no other."""
    if len(topology.region_names) > 1:
        for member in members(inventory, topology):
            if member.group == 0 and member.role == "leader":
                return member.region
    return MAIN_REGION


def config(inventory: Inventory, topology: Topology, group: int, region: str | None = None) -> dict[str, Any]:
    """The settings that all members of a group share, as etcd has them; of the region that is open without another.

    CamgridError when no member answers.
    """
    nodes = topology.group(group, region or open_region(inventory, topology))
    for answer in ask(inventory, topology, "config", nodes).values():
        if answer is not None:
            return answer
    raise CamgridError(f"no Patroni of group {group} answers", where=f"port {PORT}", hint="camgrid status")


def change_config(
    inventory: Inventory, topology: Topology, change: dict[str, Any], group: int, region: str | None = None
) -> None:
    """Changes settings that all members of a group share, in the region that is open without another; None removes one.

    CamgridError when no member takes it.
    """
    context = ssl.create_default_context(cafile=str(pki.directory(inventory) / "ca.crt"))
    context.load_cert_chain(pki.directory(inventory) / f"{pki.OPERATOR}.pem")
    complaint = ""
    for node in topology.group(group, region or open_region(inventory, topology)):
        request = urllib.request.Request(
            f"https://{node.address}:{PORT}/config",
            json.dumps(change).encode(),
            {"Content-Type": "application/json"},
            method="PATCH",
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S, context=context):  # noqa: S310  as above
                return
        except (OSError, http.client.HTTPException) as error:
            complaint = f"{node.host}: {error}"
    raise CamgridError(f"no Patroni of group {group} took the change ({complaint})", hint="camgrid status")


def ask(
    inventory: Inventory, topology: Topology, path: str, nodes: Sequence[Node] | None = None
) -> dict[Node, dict[str, Any] | None]:
    """What GET /path of each node (all of them without nodes) returns, asked at once; None where nobody answers."""
    context = _context(inventory)
    asked = topology.nodes if nodes is None else nodes
    with ThreadPoolExecutor(max_workers=16) as pool:
        answers = pool.map(lambda node: _ask(node, path, context), asked)
        return dict(zip(asked, answers, strict=True))


def _context(inventory: Inventory) -> ssl.SSLContext:
    ca = pki.directory(inventory) / "ca.crt"
    if not ca.exists():
        raise CamgridError(
            "the cluster's CA is missing, so no host can be trusted",
            where=str(ca),
            hint="run playbooks/site.yml from this machine once, or bring the directory from where it ran",
        )
    return _trusting(str(ca), ca.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _trusting(ca: str, changed: int) -> ssl.SSLContext:
    """One context for all questions: whoever asks again and again must not spend the machine's time on reading CAs."""
    return ssl.create_default_context(cafile=ca)


def _ask(node: Node, path: str, context: ssl.SSLContext) -> dict[str, Any] | None:
    url = f"https://{node.address}:{PORT}/{path}"
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S, context=context) as answer:
            told = json.load(answer)
    except (OSError, http.client.HTTPException, ValueError):
        return None
    return told if isinstance(told, dict) else None


def _member(node: Node, answer: dict[str, Any] | None) -> Member:
    base = {"name": node.host, "group": node.group, "region": node.region, "address": node.address}
    listed = (answer or {}).get("members")
    if listed is None:
        return Member(**base, role="-", state="unreachable")
    told = next((entry for entry in listed if entry["name"] == node.host), None)
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
        tags=tuple(sorted(name for name, value in (told.get("tags") or {}).items() if value)),
    )
