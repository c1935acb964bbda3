"""What is to be done around a move: before it a checkpoint, after it everybody in their places again."""

from __future__ import annotations

import time
from typing import Any

import psycopg

from camgrid import connect, patroni
from camgrid.console import say
from camgrid.errors import CamgridError
from camgrid.region.plan import Plan
from camgrid.region.settings import following
from camgrid.topology import Node


def checkpoint(app: Any, node: Node) -> None:
    """Has a node write to its tables what is in memory."""
    wanted = connect.parameters(app.inventory, app.topology, "admin")
    wanted |= {"host": node.address, "port": "5432", "target_session_attrs": "any"}
    with psycopg.connect(**wanted, autocommit=True) as conn:
        conn.execute("CHECKPOINT")


def follow_again(app: Any, region: str, others: dict[str, Any] | None = None) -> None:
    """Every group of a region follows whoever takes writes in the other one, with a slot of its own. others: further
    settings for each group."""
    for group in app.topology.groups(region):
        change = following(app.topology, region, group) | (others or {})
        patroni.change_config(app.inventory, app.topology, change, group, region)


def complete(app: Any, plan: Plan) -> None:
    """Looks whether Citus lists every member of the open region, which Patroni does by itself within some loops."""
    if not app.topology.sharded:
        return
    say(f"{plan.origin} follows; camgrid region status says when it streams")


def wait_for_patroni(app: Any, region: str, seconds: float = 60) -> None:
    """Waits until Patroni tells its settings in every group of a region."""
    deadline = time.monotonic() + seconds
    for group in app.topology.groups(region):
        while True:
            try:
                patroni.config(app.inventory, app.topology, group, region)
                break
            except CamgridError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)
