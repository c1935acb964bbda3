"""`camgrid shards`: where shards are, how large and busy, and a shard of its own for a busy camera."""

from __future__ import annotations

from typing import Any

import click
from rich.markup import escape

from camgrid.cli.app import App, json_option
from camgrid.console import confirm, emit_json, emit_table, out, say
from camgrid.errors import EXIT_OK, EXIT_UNHEALTHY
from camgrid.shards import balance as balances
from camgrid.shards import isolate as isolating
from camgrid.shards import plan as plans
from camgrid.shards import ready
from camgrid.shards.look import Camera, Shard, View, look
from camgrid.topology import DOMAIN
from camgrid.units import size

_UNTRACKED = "load is not measured in group(s) {}: citus.stat_tenants_track is none there; playbooks/site.yml sets it"
_UNSHARDED = "nothing is sharded: one group holds every camera"
_SHARDS = ("shard", "group", "node", "size", "rows", "cameras", "own")
_GROUPS = ("group", "node", "shards", "cameras", "size", "biggest", "its size", "CPU s", "statements")
_BUSY = ("shard", "group", "node", "size", "cameras", "own", "CPU s")
_CAMERAS = ("camera", "name", "site", "shard", "own", "group", "reads", "before", "queries", "earlier", "CPU s")


@click.group("shards")
def command() -> None:
    """Shards: sizes, skew, busy cameras."""


@command.command("list")
@json_option
@click.pass_obj
def list_shards(app: App, as_json: bool) -> int:
    """List shards with all tables and months that move together. Rows are an estimate."""
    view = _look(app)
    if as_json:
        emit_json({"sharded": view.sharded, "shards": [shard.as_json() for shard in view.shards]})
    else:
        rows = [
            (s.shard_id, s.citus_group, _node(s.host), _size(s.bytes), s.result_rows, s.cameras) for s in view.shards
        ]
        _table([(*row, shard.isolated or None) for row, shard in zip(rows, view.shards, strict=True)], _SHARDS)
    for reason in sorted({f"{shard.host}: {shard.reason}" for shard in view.shards if shard.reason}):
        say(f"sizes are missing: {reason}")
    return EXIT_UNHEALTHY if any(shard.reason for shard in view.shards) else EXIT_OK


@command.command("balance")
@json_option
@click.pass_obj
def balance(app: App, as_json: bool) -> int:
    """Show what each group carries, how unevenly, and what would mend it."""
    view = _look(app)
    weighed = balances.weigh(view)
    if as_json:
        emit_json(weighed.as_json())
        return EXIT_OK
    _table(
        [
            (
                share.citus_group,
                _node(share.host),
                share.shards,
                share.cameras,
                _size(share.bytes),
                _number(share.biggest_shard),
                _size(share.biggest_bytes),
                share.cpu_seconds,
                share.statements,
            )
            for share in weighed.groups
        ],
        _GROUPS,
    )
    if view.sharded:
        skews = {"bytes": weighed.bytes_skew, "load": weighed.load_skew}
        known = ", ".join(f"{name} {value:.2f}" for name, value in skews.items() if value is not None)
        out.print(f"\nfullest group over the mean: {known or 'not known'}")
        _findings(weighed.findings)
        _say_untracked(view)
    return EXIT_OK


@command.command("hot")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many cameras to show.")
@json_option
@click.pass_obj
def hot(app: App, limit: int, as_json: bool) -> int:
    """Show the busiest cameras of this and the last minute, their shards, and what to do."""
    view = _look(app)
    findings = balances.hot(view)
    cpu = view.shard_cpu().most_common(limit)
    if as_json:
        emit_json(
            {
                "sharded": view.sharded,
                "tracked": view.tracked,
                "period_seconds": view.period,
                "cameras": [vars(c) | {"isolated": view.shard(c.shard_id).isolated} for c in view.cameras[:limit]],
                "shards": [{"shard_id": shard, "cpu_seconds": seconds} for shard, seconds in cpu],
                "findings": [vars(finding) for finding in findings],
            }
        )
    elif view.sharded:
        _table([_camera(view, camera) for camera in view.cameras[:limit]], _CAMERAS)
        out.print()
        _table([_busy(view.shard(number), seconds) for number, seconds in cpu], _BUSY)
        _findings(findings)
    _say_untracked(view)
    return EXIT_UNHEALTHY if view.untracked else EXIT_OK


@command.command("isolate")
@click.argument("camera_id", metavar="CAMERA", type=int)
@click.option("--to", "group", type=int, help="Group that is to hold it; without it the one with the least load.")
@click.option("--plan", "plan_only", is_flag=True, help="Show what would be done and end.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def isolate(app: App, camera_id: int, group: int | None, plan_only: bool, yes: bool, as_json: bool) -> int:
    """Give a camera a shard of its own, online, and move it to the group with the least load."""
    with app.connect("admin", autocommit=True) as conn:
        plan = plans.make(conn, look(conn), camera_id, group)
        ready.refuse(app, conn, plan)
    if plan_only or not plan.steps:
        emit_json(plan.as_json()) if as_json else out.print(plan.text(), markup=False)
        return EXIT_OK
    confirm(plan.text(), yes=yes)
    done = isolating.isolate(app, plan, say)
    if as_json:
        emit_json(done)
    else:
        text = "camera {camera_id} has shard {shard_id} of its own in group {citus_group}, after {seconds} s"
        out.print(text.format(**done), markup=False)
    return EXIT_OK


def _look(app: App) -> View:
    with app.connect("monitor", autocommit=True) as conn:
        view = look(conn)
    if not view.sharded:
        say(_UNSHARDED)
    return view


def _say_untracked(view: View) -> None:
    if view.untracked:
        say(_UNTRACKED.format(", ".join(map(str, view.untracked))))


def _shard(shard: Shard) -> tuple[Any, ...]:
    place = (_number(shard.shard_id), shard.citus_group, _node(shard.host))
    return (*place, _size(shard.bytes), shard.result_rows, shard.cameras, shard.isolated or None)


def _busy(shard: Shard, seconds: float) -> tuple[Any, ...]:
    place = (_number(shard.shard_id), shard.citus_group, _node(shard.host), _size(shard.bytes), shard.cameras)
    return (*place, shard.isolated or None, round(seconds, 2))


def _camera(view: View, camera: Camera) -> tuple[Any, ...]:
    own = view.shard(camera.shard_id).isolated or None
    place = (_number(camera.camera_id), camera.name, camera.site, _number(camera.shard_id), own, camera.citus_group)
    return (*place, camera.reads, camera.reads_before, camera.queries, camera.queries_before, round(camera.cpu, 2))


def _table(rows: list[tuple[Any, ...]], headings: tuple[str, ...]) -> None:
    emit_table([dict(zip(headings, row, strict=True)) for row in rows], dict(zip(headings, headings, strict=True)))


def _findings(findings: list[Any]) -> None:
    for finding in findings:
        out.print(f"{escape(f'{finding.where}: {finding.what}')}\n      next: {escape(finding.next)}")


def _number(of: int | None) -> str | None:
    """A number that is a name, to be typed again: without thousands separators."""
    return None if of is None else str(of)


def _node(host: str) -> str:
    return host.removesuffix(f".{DOMAIN}")


def _size(count: int | None) -> str | None:
    return None if count is None else size(count)
