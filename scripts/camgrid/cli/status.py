"""`camgrid status`: the cluster in one look."""

from __future__ import annotations

import click
from rich.markup import escape

from camgrid import health
from camgrid.cli.app import App, json_option
from camgrid.console import emit_json, emit_table, out
from camgrid.errors import EXIT_OK, EXIT_UNHEALTHY
from camgrid.units import size


@click.command("status")
@json_option
@click.pass_obj
def command(app: App, as_json: bool) -> int:
    """Show members, tables and what is wrong; exit code 3 when something is."""
    snapshot = health.look(app)
    if as_json:
        emit_json(snapshot.as_json())
    else:
        _show(snapshot)
    return EXIT_UNHEALTHY if snapshot.findings else EXIT_OK


def _show(snapshot: health.Snapshot) -> None:
    database = snapshot.database
    versions = f"PostgreSQL {database['postgresql'].split()[0]}" if database else "database not reached"
    if database.get("citus"):
        versions += f", Citus {database['citus']}"
    out.print(f"[bold]{snapshot.cluster}[/bold]  phase {snapshot.phase}, {versions}\n")
    members = [
        {"group": m.group, "member": m.name, "address": m.address, "role": m.role, "state": m.state, "lag": _lag(m)}
        for m in snapshot.members
    ]
    headings = ("group", "member", "address", "role", "state", "lag")
    emit_table(members, dict(zip(headings, headings, strict=True)))
    if database:
        until = {entry["table_name"]: entry["until"] for entry in database["partitions_until"]}
        tables = [
            {
                "table": t["table_name"],
                "primary": t["host"],
                "size": size(t["bytes"]),
                "shards": t["shards"],
                "months": t["partitions"],
                "until": until[t["table_name"]],
            }
            for t in database["tables"]
        ]
        out.print()
        headings = ("table", "primary", "size", "shards", "months", "until")
        emit_table(tables, dict(zip(headings, headings, strict=True)))
        out.print(f"\n{database['cameras']:,} cameras")
    if not snapshot.findings:
        out.print("[green]healthy[/green]")
    for finding in snapshot.findings:
        out.print(f"[red]wrong[/red] {escape(f'{finding.where}: {finding.what}')}\n      next: {escape(finding.next)}")


def _lag(member: health.patroni.Member) -> str:
    return "-" if member.lag is None else size(member.lag)
