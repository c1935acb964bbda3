"""`camgrid restore`: the whole cluster back to one point."""

from __future__ import annotations

import time
from dataclasses import asdict

import click
import psycopg

from camgrid import patroni, playbook
from camgrid.backup import plan, points, restore
from camgrid.backup.points import Point
from camgrid.backup.repository import Repository
from camgrid.cli import restored
from camgrid.cli.app import App, json_option
from camgrid.console import confirm_by_name, emit_json, emit_table, say
from camgrid.errors import EXIT_OK, EXIT_UNHEALTHY, CamgridError, UsageError
from camgrid.topology import Node
from camgrid.units import duration, size


@click.group("restore", invoke_without_command=True)
@click.option("--to", "wanted", metavar="NAME|TIME", help="A restore point, or the last one at a time.")
@click.option("--region", metavar="NAME", help="The region that is brought back, where none takes writes any more.")
@click.option("--without", "absent", multiple=True, metavar="HOST", help="A host that is off for good; repeatable.")
@click.option("--plan", "only_plan", is_flag=True, help="Show what it would do, and nothing else.")
@click.option("--yes", is_flag=True, help="Do not ask; needs --cluster.")
@click.option("--cluster", metavar="NAME", help="The cluster's name, which --yes needs beside it here.")
@json_option
@click.pass_context
def command(
    context: click.Context,
    wanted: str | None,
    region: str | None,
    absent: tuple[str, ...],
    only_plan: bool,
    yes: bool,
    cluster: str | None,
    as_json: bool,
) -> int:
    """Bring all groups of the cluster back to one restore point, in place. What came after it is gone.

    Stopped half way, the same command goes on. Nobody can connect until every group is at the point. The commands
    below restore a copy beside the cluster instead, and touch nothing of it.
    """
    if context.invoked_subcommand:
        return EXIT_OK
    if not wanted:
        raise UsageError("to which point?", hint="camgrid restore --to NAME; camgrid backup points lists them")
    app: App = context.obj
    unknown = sorted(set(absent) - {node.host for node in app.topology.nodes})
    if unknown:
        raise UsageError(f"no node is called {', '.join(unknown)}", hint="camgrid nodes list")
    repository = Repository(app.inventory, app.topology)
    found = points.listed(repository)
    point = points.find(found, wanted)
    if region and region not in app.topology.region_names:
        raise UsageError(f"there is no region {region}", hint=", ".join(app.topology.region_names))
    begun, hosts = _hosts(app, point, region, absent)
    region = app.topology.regions[hosts[0]]
    other = app.topology.far(region)
    steps = plan.steps(point, repository.stanzas(), hosts)
    if only_plan:
        _show(point, steps, as_json)
        return EXIT_OK
    confirm_by_name(_described(app, point, steps, found, absent, other), app.topology.cluster, yes=yes, given=cluster)
    if not begun:
        _keep_present(app)
    started = time.monotonic()
    variables = {
        "restore_point": point.name,
        "restore_groups": {str(step.group): step.as_variables() for step in steps},
        "restore_opening": bool(begun and begun.opening),
        "restore_absent": list(absent),
        "restore_far": [node.host for node in other],
    }
    try:
        playbook.run(app.inventory, "restore", variables, hint="")
    except CamgridError as error:
        error.hint = restore.next_step(app, point, absent)
        raise
    say(f"all groups are at {point.name} and open after {duration(time.monotonic() - started)}; verifying")
    return _verified(app, point, as_json, started)


def _hosts(
    app: App, point: Point, region: str | None, absent: tuple[str, ...]
) -> tuple[restore.Begun | None, dict[int, str]]:
    """A restore that was begun, or None, and which host brings each group back. UsageError where it cannot be."""
    begun = restore.begun(app, absent)
    if begun and begun.opening and begun.point != point.name:
        raise UsageError(
            f"all groups are at {begun.point} and being opened",
            hint=f"end that first: camgrid restore --to {begun.point}",
        )
    if begun:
        hosts = {group: given["host"] for group, given in begun.groups.items()}
        lost = sorted(set(hosts.values()) & set(absent))
        if not lost:
            what = "is gone on with" if begun.point == point.name else f"is given up for one to {point.name}"
            say(f"a restore to {begun.point} was begun, and {what}")
            return begun, hosts
        if begun.opening:
            raise UsageError(f"only {lost[0]} has what its group is to be opened with", hint="bring it back")
        region = app.topology.regions[hosts[0]]
    members = [] if begun else patroni.members(app.inventory, app.topology)
    region = region or plan.open_region(app.topology, members)
    return begun, plan.choose_hosts(app.topology, members, absent, region)


def _keep_present(app: App) -> None:
    """A point of what is there now, so that the way back is open; a cluster that is broken has none."""
    try:
        points.before(app, "restore")
    except (CamgridError, psycopg.Error) as error:
        say(f"no point of the present state could be made: {str(error).splitlines()[0]}")


def _described(
    app: App, point: Point, steps: list[plan.Step], found: list[Point], absent: tuple[str, ...], other: list[Node]
) -> str:
    later = sum(each.made_at > point.made_at for each in found)
    lines = [
        f"Cluster {app.topology.cluster} goes back to {point.name}, {point.made_at:%Y-%m-%d %H:%M:%S} UTC.",
        "All that was written since then is gone for clients; it stays in the archive"
        + (f", with {later} later restore points." if later else "."),
        "Every node stops now; clients are shut out until all groups are at the point:",
    ]
    lines += [
        f"  group {step.group}: {step.host} takes backup {step.backup.label} ({size(step.backup.size)}), "
        f"replays WAL along timeline {step.timeline}; its other members follow"
        for step in steps
    ]
    if other:
        lines.append(f"  {other[0].region} stops, and follows no more until: camgrid region return")
    lines += [f"  {host} must be off: nobody looks whether it is" for host in absent]
    return "\n".join(lines)


def _show(point: Point, steps: list[plan.Step], as_json: bool) -> None:
    rows = [
        {"group": step.group, "host": step.host, "backup": step.backup.label, "bytes": step.backup.size}
        | {"timeline": step.timeline}
        for step in steps
    ]
    if as_json:
        emit_json({"point": point.name, "made_at": point.made_at, "groups": rows})
        return
    say(f"to {point.name}, {point.made_at:%Y-%m-%d %H:%M:%S} UTC")
    emit_table([row | {"bytes": size(row["bytes"])} for row in rows], {key: key for key in rows[0]})


def _verified(app: App, point: Point, as_json: bool, started: float) -> int:
    verdict = restore.verify(app, point)
    seconds = round(time.monotonic() - started, 1)
    if as_json:
        emit_json({"point": point.name, "seconds": seconds, "true": verdict.true} | asdict(verdict))
    else:
        rows = [
            {"table": table, "rows": count, "shards": len(verdict.sums[table])} for table, count in verdict.rows.items()
        ]
        emit_table(rows, {"table": "table", "rows": "rows", "shards": "shards summed"})
        if verdict.different is None:
            say(f"{point.name} recorded no checksums to compare with")
        else:
            say("every shard is as it was at the point" if not verdict.different else "\n".join(verdict.different))
        say("no transaction is half there" if not verdict.halves else f"{verdict.halves} transactions are half there")
        for finding in verdict.findings:
            say(f"{finding.where}: {finding.what}\n  next: {finding.next}")
        say(f"restored in {duration(seconds)}; take a backup now: camgrid backup run --type full")
    return EXIT_OK if verdict.true else EXIT_UNHEALTHY


for verb in (restored.copy, restored.drill, restored.fetch, restored.remove):
    command.add_command(verb)
