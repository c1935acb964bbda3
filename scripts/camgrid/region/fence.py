"""Makes sure that a region which is given up takes no more writes: PostgreSQL is stopped there, also after a boot."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from camgrid.errors import CamgridError
from camgrid.patroni import PORT
from camgrid.remote import Host
from camgrid.topology import Node

# The role region_guard lets Patroni start again once this is gone.
MARK = "/etc/camgrid/region.fenced"
_CONNECT_S = 2
_SSH, _POSTGRESQL = 22, 5432
# Patroni stops PostgreSQL in seconds; a host that takes longer hangs.
_STOP_S = 40
# What is left of the unit after a stop that took too long is killed: a PostgreSQL without its Patroni.
_STOP = (
    f"touch {MARK} && {{ timeout 25 systemctl stop patroni; systemctl kill --signal=KILL patroni 2>/dev/null;"
    " ! systemctl is-active --quiet patroni; }"
)


@dataclass(frozen=True)
class Reach:
    """A host of the region. ssh: whether it can be told to stop; serves: whether Patroni or PostgreSQL answers."""

    node: Node
    ssh: bool
    serves: bool


def probe(nodes: Iterable[Node]) -> list[Reach]:
    """What of each node answers, all asked at once; changes nothing."""

    asked = [(node, port) for node in nodes for port in (_SSH, PORT, _POSTGRESQL)]
    with ThreadPoolExecutor(max_workers=96) as pool:
        found = dict(zip(asked, pool.map(lambda each: _answers(each[0].address, each[1]), asked), strict=True))
    return [
        Reach(node, found[node, _SSH], found[node, PORT] or found[node, _POSTGRESQL])
        for node in dict.fromkeys(node for node, _ in asked)
    ]


def _answers(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=_CONNECT_S):
            return True
    except OSError:
        return False


def stop(app: Any, reached: list[Reach]) -> list[Node]:
    """Stops Patroni and PostgreSQL on every host that can be told so. Returns the nodes that it could not be told.

    CamgridError when one answers and would not stop: then nothing may be opened elsewhere.
    """
    with ThreadPoolExecutor(max_workers=32) as pool:
        done = list(pool.map(lambda each: _stop(app, each), reached))
    stubborn = [each.node.host for each, stopped in zip(reached, done, strict=True) if each.serves and not stopped]
    stubborn += [each.node.host for each in probe([each.node for each in reached]) if each.serves]
    if stubborn:
        raise CamgridError(
            "PostgreSQL could not be stopped there, and may take writes",
            where=", ".join(dict.fromkeys(stubborn)),
            hint="stop it by hand (systemctl stop patroni), or cut the host's power; then try again",
        )
    return [each.node for each, stopped in zip(reached, done, strict=True) if not stopped]


def _stop(app: Any, each: Reach) -> bool:
    if not each.ssh:
        return False
    command = Host(app.inventory, each.node.host).command(_STOP)
    try:
        return subprocess.run(command, capture_output=True, timeout=_STOP_S, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False
