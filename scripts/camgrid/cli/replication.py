"""`camgrid replication`: how far every replica is behind, and what holds WAL back."""

from __future__ import annotations

import click
from rich.markup import escape

from camgrid import replication
from camgrid.cli.app import App, json_option
from camgrid.console import emit_json, emit_table, out
from camgrid.errors import EXIT_OK, EXIT_UNHEALTHY
from camgrid.units import size

_REGION = {"region": "region"}
_REPLICAS = {
    "group": "group",
    "member": "member",
    "primary": "primary",
    "state": "state",
    "sync": "sync",
    "sent": "to send",
    "flush": "to flush",
    "replay": "to replay",
    "lag": "behind",
}
_SLOTS = {
    "group": "group",
    "primary": "primary",
    "slot": "slot",
    "kind": "kind",
    "active": "active",
    "wal_status": "WAL",
    "retained": "keeps",
    "safe": "room left",
}


@click.command("replication")
@click.option(
    "--max-seconds",
    type=click.FloatRange(min=0),
    default=replication.LAG_WARNING_S,
    show_default=True,
    help="A replica further behind is a finding.",
)
@click.option(
    "--max-bytes",
    type=click.IntRange(min=0),
    default=replication.LAG_WARNING_BYTES,
    show_default=True,
    help="The same in bytes of WAL.",
)
@json_option
@click.pass_obj
def command(app: App, max_seconds: float, max_bytes: int, as_json: bool) -> int:
    """Show each replica's lag and each slot's WAL; exit code 3 when something is wrong."""
    view = replication.look(app, replication.Limits(max_seconds, max_bytes))
    if as_json:
        emit_json(view.as_json())
    else:
        _show(view)
    return EXIT_UNHEALTHY if view.findings else EXIT_OK


def _show(view: replication.View) -> None:
    rows = [
        {
            "region": r.region,
            "group": r.group,
            "member": r.member,
            "primary": r.primary,
            "state": r.state,
            "sync": r.sync,
            "sent": _size(r.sent_lag_bytes),
            "flush": _size(r.flush_lag_bytes),
            "replay": _size(r.replay_lag_bytes),
            "lag": None if r.lag_seconds is None else f"{r.lag_seconds:.1f} s",
        }
        for r in view.replicas
    ]
    several = _REGION if len({each.region for each in (*view.replicas, *view.slots)}) > 1 else {}
    emit_table(rows, several | _REPLICAS)
    if view.slots:
        slots = [vars(s) | {"retained": _size(s.retained_bytes), "safe": _size(s.safe_wal_size)} for s in view.slots]
        out.print()
        emit_table(slots, several | _SLOTS)
    if not view.findings:
        out.print("[green]every replica keeps up[/green]")
    for finding in view.findings:
        out.print(f"[red]wrong[/red] {escape(f'{finding.where}: {finding.what}')}\n      next: {escape(finding.next)}")


def _size(count: int | None) -> str | None:
    return None if count is None else size(count)
