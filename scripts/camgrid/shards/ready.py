"""Whether shards may be split and moved now. Every refusal comes before anything is changed."""

from __future__ import annotations

import json
from typing import Any

import psycopg

from camgrid import patroni, queries
from camgrid.errors import CamgridError, UnhealthyError
from camgrid.shards.plan import Plan
from camgrid.units import size

# Citus itself refuses a move that would leave less than a tenth of the target's disk.
_SPARE_SHARE = 0.1


def refuse(app: Any, conn: psycopg.Connection, plan: Plan) -> None:
    """Raises when the plan's steps could not be done or would do harm. conn: as admin.

    UnhealthyError: a member is not well. CamgridError: shards move already, a setting or table is in the way, or
    there is too little disk.
    """
    if not plan.steps:
        return
    refuse_unhealthy(app)
    refuse_moving(conn)
    _refuse_tables(conn)
    nodes = readiness(conn)
    _refuse_settings(nodes, plan)
    refuse_crowding(nodes, plan)


def refuse_unhealthy(app: Any) -> None:
    """A changed placement is written on every group's primary and waits for replicas, so all must be well."""
    members = patroni.members(app.inventory, app.topology)
    # A region that stands by takes no part in moves.
    open_ = {member.region for member in members if member.role == "leader"}
    ill = [member for member in members if not member.healthy and (member.region in open_ or not open_)]
    if ill:
        text = "; ".join(f"{member.name} {member.trouble}" for member in ill)
        raise UnhealthyError(f"no shard is moved now: {text}", where="Patroni", hint="camgrid status; then try again")


def refuse_moving(conn: psycopg.Connection) -> None:
    """Two moves at once would get in each other's way."""
    found = [what for (what,) in conn.execute(queries.text("shard_moves"))]
    if found:
        hint = "wait for it or stop it (camgrid rebalance watch, stop), then run this again"
        raise CamgridError("; ".join(found), where="coordinator", hint=hint)


def readiness(conn: psycopg.Connection) -> dict[int, dict[str, Any]]:
    """Group → settings of its primary, and the bytes of its disk and how many are free.

    CamgridError when one does not tell.
    """
    found = {}
    for group, success, result in conn.execute(queries.text("move_readiness")):
        if not success:
            raise CamgridError(f"its primary does not answer: {result}", where=f"group {group}", hint="camgrid status")
        found[group] = json.loads(result)
    return found


def refuse_crowding(nodes: dict[int, dict[str, Any]], plan: Plan) -> None:
    """A split needs room for a second copy of the shard on its node, a move for the shard on the target."""
    wanted = {}
    if plan.splits:
        wanted[plan.source.citus_group] = plan.shard.bytes or 0
    if plan.moves:
        wanted[plan.target.citus_group] = plan.bytes
    for group, need in wanted.items():
        free, spare = nodes[group]["free"], int(nodes[group]["disk"] * _SPARE_SHARE)
        if free - need < spare:
            what = f"too little disk: {size(free)} free, {size(need)} needed, and {size(spare)} are to stay free"
            hint = "make room or larger disks there, or name another group with --to"
            raise CamgridError(what, where=f"group {group}", hint=hint)


def _refuse_tables(conn: psycopg.Connection) -> None:
    found = [table for (table,) in conn.execute(queries.text("tables_without_identity"))]
    if found:
        what = "without a primary key their changes cannot be followed while they are copied"
        raise CamgridError(what, where=", ".join(found), hint="give each a primary key that begins with camera_id")


def _refuse_settings(nodes: dict[int, dict[str, Any]], plan: Plan) -> None:
    for group in sorted({plan.source.citus_group, plan.target.citus_group}):
        node = nodes[group]
        if node["wal_level"] != "logical":
            what, hint = f"wal_level is {node['wal_level']}, and an online copy needs logical", "playbooks/site.yml"
        elif "citus" not in [name.strip() for name in node["plugins"].split(",")]:
            what, hint = f"output_plugin_libraries ({node['plugins']}) lacks citus", "playbooks/site.yml sets it"
        else:
            continue
        raise CamgridError(what, where=f"group {group}", hint=hint)
