"""`camgrid region`: two regions, one of which takes the writes."""

from __future__ import annotations

import getpass
import socket
from dataclasses import asdict
from typing import Any

import click
from rich.markup import escape

from camgrid.cli.app import App, json_option
from camgrid.console import confirm, confirm_by_name, emit_json, emit_table, out
from camgrid.errors import EXIT_OK, EXIT_UNHEALTHY, CamgridError
from camgrid.region import plan as plans
from camgrid.region import promote as promoting
from camgrid.region import return_ as returning
from camgrid.region import state
from camgrid.region.lsn import text
from camgrid.region.switch import Switch
from camgrid.units import size

yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
cluster_option = click.option("--cluster", "given", metavar="NAME", help="The cluster's name, in place of typing it.")
plan_option = click.option("--plan", "only_plan", is_flag=True, help="Show what it would do, and nothing else.")
_COLUMNS = ("region", "group", "leader", "role", "timeline", "position", "behind", "seconds", "streams")


@click.group("region")
def command() -> None:
    """Two regions, one of which takes the writes."""


@command.command()
@json_option
@click.pass_obj
def status(app: App, as_json: bool) -> int:
    """Show which region takes writes and how far behind the other is; exit code 3 when something is wrong."""
    view = state.look(app)
    if as_json:
        emit_json(view.as_json())
    else:
        _show(view)
    return EXIT_UNHEALTHY if view.findings else EXIT_OK


@command.command()
@yes_option
@plan_option
@json_option
@click.pass_obj
def switch(app: App, yes: bool, only_plan: bool, as_json: bool) -> int:
    """Move the writes to the other region, planned: some seconds without writes, and nothing is lost.

    Refused when anything is not as it should be. One that was stopped half way goes on.
    """
    plan = plans.make(app)
    if plan.obstacles:
        first = plan.obstacles[0]
        raise CamgridError(
            f"nothing was changed: {len(plan.obstacles)} thing(s) in the way, first: {first.where}: {first.what}",
            hint=first.next,
        )
    if only_plan:
        return _tell(plan.lines(), as_json)
    confirm("\n".join(plan.lines()), yes=yes)
    done = Switch(app, plan, operator()).run()
    told = {"from": done.origin, "to": done.target, "seconds": round(done.seconds, 1)}
    if as_json:
        emit_json(told | {"token": [asdict(end) | {"position": text(end.position)} for end in done.ends]})
    else:
        out.print(f"{done.target} takes the writes of {done.origin}: {done.seconds:.1f} s between the two")
    return EXIT_OK


@command.command()
@yes_option
@click.option(
    "--newest/--common",
    default=True,
    show_default="newest",
    help="Each group with all that it has, or all groups at the newest restore point that all of them have.",
)
@cluster_option
@plan_option
@json_option
@click.pass_obj
def promote(app: App, yes: bool, newest: bool, given: str | None, only_plan: bool, as_json: bool) -> int:
    """Open the region that stands by, because the other one is lost. What had not arrived is lost with it.

    The plan tells what either choice loses: with --newest a transaction over several groups may be half there.
    The lost region is stopped first, where it can be reached; where not, you vouch that it is off.
    """
    plan = promoting.make(app, at_point=not newest)
    if only_plan:
        return _tell(plan.lines(), as_json)
    if plan.vouched or plan.open:
        confirm_by_name("\n".join(plan.lines()), app.topology.cluster, yes=yes, given=given)
    else:
        confirm("\n".join(plan.lines()), yes=yes)
    seconds = promoting.Promotion(app, plan, operator()).run()
    if as_json:
        groups = {group: {"member": host, "position": text(at)} for group, (host, at, _) in plan.newest.items()}
        point = plan.point.name if plan.point and plan.at_point else None
        told = {"region": plan.target, "lost": plan.lost, "seconds": round(seconds, 1), "point": point}
        emit_json(told | {"groups": groups})
    else:
        out.print(f"{plan.target} takes writes after {seconds:.1f} s; when {plan.lost} is back: camgrid region return")
    return EXIT_OK


@command.command("return")
@yes_option
@cluster_option
@plan_option
@json_option
@click.pass_obj
def return_(app: App, yes: bool, given: str | None, only_plan: bool, as_json: bool) -> int:
    """Bring back a region that was lost or given up: it follows the one that takes the writes.

    A group that went on by itself in a way that cannot be rewound is copied anew, and the plan says so.
    """
    plan = returning.make(app)
    if only_plan:
        return _tell(plan.lines(), as_json)
    if plan.apart:
        confirm_by_name("\n".join(plan.lines()), app.topology.cluster, yes=yes, given=given)
    else:
        confirm("\n".join(plan.lines()), yes=yes)
    seconds = returning.Return(app, plan).run()
    if as_json:
        emit_json({"region": plan.region, "follows": plan.open, "seconds": round(seconds, 1)})
    else:
        out.print(
            f"{plan.region} follows {plan.open} after {seconds:.0f} s; to move the writes back: camgrid region switch"
        )
    return EXIT_OK


def operator() -> str:
    """Who runs this, for whoever wonders who is at it."""
    return f"{getpass.getuser()} on {socket.gethostname()}"


def _tell(lines: list[str], as_json: bool) -> int:
    if as_json:
        emit_json({"plan": lines})
    else:
        out.print("\n".join(lines), markup=False)
    return EXIT_OK


def _show(view: state.View) -> None:
    emit_table(map(_row, view.places), {name: name for name in _COLUMNS})
    out.print(f"\nwrites: {', '.join(view.open) or 'nowhere'}")
    for finding in view.findings:
        out.print(f"[red]wrong[/red] {escape(f'{finding.where}: {finding.what}')}\n      next: {escape(finding.next)}")


def _row(place: state.Place) -> dict[str, Any]:
    return {
        "region": place.region,
        "group": str(place.group),
        "leader": place.leader,
        "role": place.role,
        "timeline": None if place.timeline is None else str(place.timeline),
        "position": text(place.position),
        "behind": None if place.lag_bytes is None else "ahead!" if place.lag_bytes < 0 else size(place.lag_bytes),
        "seconds": place.lag_seconds,
        "streams": None if place.writable else place.streams,
    }
