"""What Patroni's shared settings say about regions: whom a group follows, and who is at moving them.

`camgrid_region` is ours, Patroni keeps it and does not read it. epoch: how often the cluster was opened in a region, so
that of two that take writes the older can be told (see the role region_guard); alone: whether the region was opened
without the other; switch: who is moving the cluster, and how far that is.
"""

from __future__ import annotations

import os
import time
import uuid
from dataclasses import dataclass
from typing import Any

from camgrid import patroni
from camgrid.errors import CamgridError
from camgrid.topology import Node, Topology

OURS = "camgrid_region"
# Seconds without a sign of life after which whoever was at it counts as gone, and another may go on.
LOCK_S = 60
# Each Patroni answers from what it read in its last round (loop_wait, 2 s): longer than from an operator who looked at
# such an answer to the write of theirs.
_SETTLE_S = 3.0
# Seconds that the members of a group get to say the same, however busy they are.
_AGREE_S = 15.0


def following(topology: Topology, region: str, group: int, source: Node | None = None) -> dict[str, Any]:
    """The settings with which a group of region follows the other one: all members there, or source alone.

    Named alone, a member is followed whatever it is; among several PostgreSQL looks for the one that takes writes, and
    would never hear the rest from one that was just made read-only. The role patroni says the same for a new group.
    """
    if source:
        alone = {"host": source.address, "port": 5432, "primary_slot_name": None, "recovery_min_apply_delay": ""}
        return {"standby_cluster": alone | {"restore_command": ""}}
    hosts = ",".join(node.address for node in topology.far(region, group))
    return {
        "standby_cluster": {
            "host": hosts,
            "port": 5432,
            "primary_slot_name": region,
            # Regions that went apart have both left their WAL in the repository: nothing is taken from there.
            "create_replica_methods": ["basebackup"],
            "restore_command": "",
            "recovery_min_apply_delay": f"{topology.region_delay_s}s" if topology.region_delay_s else "",
        }
    }


def epoch(config: dict[str, Any]) -> int:
    """How often the cluster had been opened in a region when these settings were written."""
    return int((config.get(OURS) or {}).get("epoch", 0))


class LostError(CamgridError):
    """Another operator has taken over: whatever is to be done or undone is theirs."""


@dataclass
class Lock:
    """Held in the coordinator's settings of one region by whoever moves the cluster: one operator at a time."""

    app: Any
    region: str
    identity: str = ""

    def take(self, details: dict[str, Any]) -> None:
        """CamgridError when somebody else has it. details: what is being done, for whoever goes on with it."""
        self.identity = self.identity or uuid.uuid4().hex
        held = self.read()
        if held and held["id"] != self.identity and held["until"] > time.time() and not _dead(held, details):
            raise CamgridError(
                f"{held['by']} is moving this cluster from {held['from']} to {held['to']}",
                where=f"{self.region}, group 0",
                hint=f"wait for it to end; if it was stopped, try again in {held['until'] - time.time():.0f} s",
            )
        self._hold(details)
        time.sleep(_SETTLE_S)
        self.check()

    def read(self) -> dict[str, Any] | None:
        """What is being done, or None: the newest that a member of group 0 knows of. CamgridError when none answers."""
        return _newest(self._said())

    def check(self) -> None:
        """LostError when it is not ours any more: two began at once, and the other one was later.

        Whoever wrote last has it, and each finds that out once all members that answer say the same.
        """
        held = _newest(self._agreed())
        if held is None or held["id"] != self.identity:
            who = held["by"] if held else "somebody"
            raise LostError(f"{who} has taken over moving this cluster", hint="camgrid region status")

    def renew(self, details: dict[str, Any]) -> None:
        """Says how far it is, and that it goes on. LostError when it is not ours any more."""
        self.check()
        self._hold(details)

    def release(self) -> None:
        """Lets others, as soon as every member has heard of it."""
        self._write(None)
        self._agreed()

    def _agreed(self) -> list[dict[str, Any] | None]:
        """What the members say, once they say the same or have had the time to."""
        deadline = time.monotonic() + _AGREE_S
        while True:
            said = self._said()
            if len({held and held["id"] for held in said}) == 1 or time.monotonic() > deadline:
                return said
            time.sleep(0.2)

    def _said(self) -> list[dict[str, Any] | None]:
        nodes = self.app.topology.group(0, self.region)
        answers = patroni.ask(self.app.inventory, self.app.topology, "config", nodes).values()
        said = [(answer.get(OURS) or {}).get("switch") for answer in answers if answer is not None]
        if not said:
            raise CamgridError(f"no Patroni of group 0 in {self.region} answers", hint="camgrid status")
        return said

    def _hold(self, details: dict[str, Any]) -> None:
        self._write(details | {"id": self.identity, "pid": os.getpid(), "until": time.time() + LOCK_S})

    def _write(self, held: dict[str, Any] | None) -> None:
        patroni.change_config(self.app.inventory, self.app.topology, {OURS: {"switch": held}}, 0, self.region)


def _newest(said: list[dict[str, Any] | None]) -> dict[str, Any] | None:
    """The one of the answers that was written last; None where nobody knows of any."""
    return max((held for held in said if held), key=lambda held: held["until"], default=None)


def _dead(held: dict[str, Any], details: dict[str, Any]) -> bool:
    """Whether the one that holds the lock was a process of this very operator and machine, and is no more."""
    if held["by"] != details["by"]:
        return False
    try:
        os.kill(held["pid"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
