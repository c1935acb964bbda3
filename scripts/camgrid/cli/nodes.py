"""`camgrid nodes`: the hosts that run PostgreSQL."""

from __future__ import annotations

from typing import Any

import click

from camgrid import patroni
from camgrid.cli.app import App, json_option
from camgrid.cli.drain import drain, forget
from camgrid.console import emit_json, emit_table
from camgrid.errors import EXIT_OK
from camgrid.topology import DOMAIN
from camgrid.units import size

_COLUMNS = {
    "region": "region",
    "group": "group",
    "member": "member",
    "address": "address",
    "label": "node",
    "role": "role",
    "state": "state",
    "timeline": "timeline",
    "lag": "lag",
    "pending_restart": "restart",
    "tags": "tags",
    "postgresql": "version",
}


@click.group("nodes")
def command() -> None:
    """The hosts that run PostgreSQL."""


command.add_command(drain)
command.add_command(forget)


@command.command("list")
@json_option
@click.pass_obj
def list_nodes(app: App, as_json: bool) -> int:
    """List the nodes and what each is now. `camgrid status` says what is wrong with them."""
    versions = patroni.versions(app.inventory, app.topology)
    names = {node.host: node for node in app.topology.nodes}
    rows = [
        {
            "region": member.region,
            "group": member.group,
            "member": member.name,
            "address": member.address,
            "name": names[member.name].name,
            "role": member.role,
            "state": member.state,
            "timeline": member.timeline,
            "lag_bytes": member.lag,
            "pending_restart": member.pending_restart,
            "analytics": names[member.name].analytics,
            "tags": list(member.tags),
            "postgresql": versions[member.name],
        }
        for member in patroni.members(app.inventory, app.topology)
    ]
    if as_json:
        emit_json({"cluster": app.topology.cluster, "nodes": rows})
    else:
        several = len({row["region"] for row in rows}) > 1
        emit_table(map(_shown, rows), _COLUMNS if several else {k: v for k, v in _COLUMNS.items() if k != "region"})
    return EXIT_OK


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row for a narrow screen: names without their domain, and analytics in place of the tags that it stands for."""
    lag = row["lag_bytes"]
    return row | {
        "label": row["name"].removesuffix(f".{DOMAIN}"),
        "lag": None if lag is None else size(lag),
        "tags": "analytics" if row["analytics"] else ", ".join(row["tags"]) or None,
    }
