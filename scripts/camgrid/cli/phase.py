"""`camgrid phase`: how far the cluster has grown, and what the next phase takes."""

from __future__ import annotations

import click
from rich.markup import escape

from camgrid import growth, patroni, phases
from camgrid.cli.app import App, json_option
from camgrid.console import emit_json, emit_table, out
from camgrid.errors import EXIT_OK, EXIT_UNHEALTHY
from camgrid.topology import PHASES

_TABLES = """
    SELECT
        t.name,
        -- A month that was never analyzed says that it has no rows; a hundred bytes make one.
        sum(CASE WHEN c.reltuples > 0 THEN c.reltuples ELSE pg_relation_size(c.oid) / 100 END)::bigint,
        coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint,
        count(*)
    FROM camgrid.partitioned_tables() AS t (name)
    CROSS JOIN LATERAL pg_partition_tree(to_regclass('camgrid.' || t.name)) AS tree
    JOIN pg_class AS c ON c.oid = tree.relid AND tree.isleaf
    WHERE NOT camgrid.is_distributed(t.name)
    GROUP BY t.name ORDER BY 3 DESC
"""


@click.group("phase")
def command() -> None:
    """How far the cluster has grown, and what is next."""


@command.command()
@json_option
@click.pass_obj
def show(app: App, as_json: bool) -> int:
    """Verify the roadmap and show it; exit code 3 when the cluster is not as far as its inventory says."""
    view = phases.look(app)
    if as_json:
        emit_json(view.as_json())
    else:
        _show(view)
    return EXIT_OK if view.grown else EXIT_UNHEALTHY


def _show(view: phases.View) -> None:
    out.print(f"[bold]{view.cluster}[/bold]  inventory: {view.phase}, verified: {view.verified}\n")
    for row in view.roadmap:
        since = f" since {row['completed_at']:%Y-%m-%d %H:%M}" if row["completed_at"] else ""
        out.print(f"[bold]{row['phase']} {row['phase_name']}[/bold]  {row['status'].replace('_', ' ')}{since}")
        for task in (task for task in view.tasks if task.phase == row["phase"]):
            mark = "[green]done[/green]   " if task.done else "pending"
            out.print(f"  {mark}  {escape(task.task)}  [dim]{escape(task.evidence)}[/dim]")
    if not view.grown:
        out.print(f"\n[red]wrong[/red] the inventory says {view.phase}, and that is not (all) true yet")
        out.print(
            "      next: camgrid check; where that finds nothing: ansible-playbook -i INVENTORY playbooks/site.yml"
        )


@command.command()
@click.option("--to", "wanted", type=click.Choice(PHASES[1:]), help="A phase further on, in place of the next.")
@json_option
@click.pass_obj
def plan(app: App, wanted: str | None, as_json: bool) -> int:
    """Show what the next phase takes; exit code 3 when something is missing or in the way. Changes nothing."""
    target = growth.next_phase(app.topology.phase, wanted)
    members = patroni.members(app.inventory, app.topology)
    with app.connect("admin", autocommit=True) as conn:
        tables = [growth.Table(*row) for row in conn.execute(_TABLES)]
    found = growth.plan(app.inventory, app.topology, target, members, tables)
    if as_json:
        emit_json(found.as_json())
    else:
        _plan(found)
    return EXIT_OK if found.possible else EXIT_UNHEALTHY


def _plan(found: growth.Plan) -> None:
    out.print(f"[bold]{found.cluster}[/bold]  {found.phase} → {found.next}\n")
    rows = [{"need": need.what, "there": need.met, "detail": need.detail} for need in found.needs]
    emit_table(rows, {"need": "it needs", "there": "there", "detail": "what"})
    if found.steps:
        out.print("\nsite.yml would:")
        for number, step in enumerate(found.steps, start=1):
            out.print(f"  {number}. {escape(step)}")
        out.print(f"\nSeconds without writes to expect: {_seconds(found)}")
    for obstacle in found.obstacles:
        out.print(f"[red]in the way[/red] {escape(obstacle)}")
    if found.possible:
        out.print(
            f"Nothing stands in the way: set camgrid_phase: {found.next} in the inventory, then\n"
            "  ansible-playbook -i INVENTORY playbooks/site.yml"
        )
    else:
        out.print("Mend what is missing or in the way first: camgrid status says how the members are")


def _seconds(found: growth.Plan) -> str:
    if not found.restart_s:
        return "none, unless a setting changes that needs a restart"
    words = f"about {found.restart_s} when PostgreSQL restarts"
    return words + (
        f", up to {found.switch_s} when a table with rows goes over to its shards" if found.switch_s else ""
    )
