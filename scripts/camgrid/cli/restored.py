"""`camgrid restore copy`, `drill`, `fetch` and `remove`: a copy beside the cluster, on a spare host."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime

import click

from camgrid import playbook
from camgrid.backup import checksums, drills, points
from camgrid.backup.copy import Copy, Seen, store
from camgrid.backup.places import COPY_PORT
from camgrid.backup.points import Point
from camgrid.backup.repository import Repository
from camgrid.cli.app import App, json_option
from camgrid.console import confirm, emit_json, emit_table, say
from camgrid.errors import EXIT_OK, EXIT_UNHEALTHY, CamgridError, UsageError
from camgrid.units import duration

_TABLES = ("counting_results", "camera_events")
host_option = click.option("--on", "host", metavar="HOST", help="A spare host; the first without it.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
_MEND = "mend the cause, then the same again; the living cluster is not touched"


@click.command()
@click.option("--to", "wanted", required=True, metavar="NAME|TIME", help="A restore point, or the last one at a time.")
@host_option
@yes_option
@json_option
@click.pass_obj
def copy(app: App, wanted: str, host: str | None, yes: bool, as_json: bool) -> int:
    """Restore a copy of the whole cluster beside it, on a spare host that it is open to alone."""
    repository, target = Repository(app.inventory, app.topology), Copy(app.inventory, app.topology, host)
    point = points.find(points.listed(repository), wanted)
    seconds, seen = _make(app, repository, target, point, yes=yes)
    complaints = _complaints(point, seen)
    if as_json:
        emit_json(
            {"point": point.name, "host": target.host.name, "seconds": seconds, "complaints": complaints} | asdict(seen)
        )
    else:
        _show(point, target, seconds, seen, complaints)
    return EXIT_UNHEALTHY if complaints else EXIT_OK


@click.command()
@click.option("--to", "wanted", metavar="NAME|TIME", help="Another restore point than the newest.")
@host_option
@click.option("--keep", is_flag=True, help="Leave the copy there.")
@yes_option
@json_option
@click.pass_obj
def drill(app: App, wanted: str | None, host: str | None, keep: bool, yes: bool, as_json: bool) -> int:
    """Restore the newest backup to the newest point on a spare host, see that it is good, and delete it again.

    `camgrid status` tells when that was last done and how it ended.
    """
    repository, target = Repository(app.inventory, app.topology), Copy(app.inventory, app.topology, host)
    found = points.listed(repository)
    if not found:
        raise UsageError("there is no restore point yet", hint="camgrid backup point NAME")
    point = points.find(found, wanted) if wanted else found[-1]
    try:
        seconds, seen = _make(app, repository, target, point, yes=yes)
    except CamgridError as error:
        moment = datetime.now(UTC).isoformat()
        drills.keep(repository, drills.Drill(moment, point.name, point.made_at.isoformat(), 0, {}, [error.what]))
        raise
    complaints = _complaints(point, seen)
    done = drills.Drill(
        datetime.now(UTC).isoformat(), point.name, point.made_at.isoformat(), seconds, seen.rows, complaints
    )
    drills.keep(repository, done)
    if as_json:
        emit_json(asdict(done))
    else:
        _show(point, target, seconds, seen, complaints)
    if not keep and not complaints:
        playbook.run(app.inventory, "restore_copy", target.target(remove=True), hint="camgrid restore remove")
    return EXIT_UNHEALTHY if complaints else EXIT_OK


def _make(app: App, repository: Repository, target: Copy, point: Point, *, yes: bool) -> tuple[float, Seen]:
    variables = target.variables(point, repository.stanzas())
    sources = ", ".join(f"group {number}: {given['set']}" for number, given in variables["restore_groups"].items())
    confirm(
        f"A copy of {point.name} ({point.made_at:%Y-%m-%d %H:%M:%S} UTC) is made on {target.host.name}, in place of "
        f"one that may be there\n  from {sources}",
        yes=yes,
    )
    started = time.monotonic()
    playbook.run(app.inventory, "restore_copy", variables, hint=_MEND)
    seconds = round(time.monotonic() - started, 1)
    say(f"the copy is open after {duration(seconds)}; every shard, table and index is looked at")
    return seconds, target.look()


def _complaints(point: Point, seen: Seen) -> list[str]:
    found = checksums.differences(point.checksums, seen.sums) if point.checksums else []
    found += [f"{seen.halves} transactions are half there"] if seen.halves else []
    return found + [f"group {group}: {text}" for group, text in seen.broken.items()]


def _show(point: Point, target: Copy, seconds: float, seen: Seen, complaints: list[str]) -> None:
    rows = [{"table": table, "rows": count, "shards": len(seen.sums[table])} for table, count in seen.rows.items()]
    emit_table(rows, {"table": "table", "rows": "rows", "shards": "shards summed"})
    for complaint in complaints:
        say(complaint)
    compared = "as the point recorded them" if point.checksums else "which the point recorded no sums to compare with"
    if not complaints:
        say(f"good: no page or index broken, no transaction half there, rows {compared}")
    say(f"{point.name} on {target.host.name} after {duration(seconds)}: psql --port={COPY_PORT} there, as postgres")


@click.command()
@click.option("--table", type=click.Choice(_TABLES), required=True, help="From which table.")
@click.option("--camera", type=int, required=True, help="The rows of this camera.")
@click.option("--from", "start", type=click.DateTime(), required=True, help="From this time on (UTC).")
@click.option("--until", "end", type=click.DateTime(), required=True, help="Up to this time (UTC), without it.")
@host_option
@yes_option
@json_option
@click.pass_obj
def fetch(
    app: App, table: str, camera: int, start: datetime, end: datetime, host: str | None, yes: bool, as_json: bool
) -> int:
    """Bring rows of one camera back from the copy. Rows that the cluster has are left as they are."""
    if start >= end:
        raise UsageError(f"there is no time between {start} and {end}", hint="--from comes before --until")
    target = Copy(app.inventory, app.topology, host)
    confirm(f"{table} of camera {camera}, {start} to {end} UTC: rows of the copy that are missing are added", yes=yes)
    with app.connect("admin") as conn:
        pieces = target.fetch(table, camera, start.replace(tzinfo=UTC), end.replace(tzinfo=UTC))
        added = store(conn, table, pieces)
    if as_json:
        emit_json({"table": table, "camera": camera, "added": added})
    else:
        say(f"{added:,} rows were missing and are back")
    return EXIT_OK


@click.command()
@host_option
@yes_option
@json_option
@click.pass_obj
def remove(app: App, host: str | None, yes: bool, as_json: bool) -> int:
    """Delete the copy on a spare host."""
    target = Copy(app.inventory, app.topology, host)
    confirm(f"the copy on {target.host.name} is deleted", yes=yes)
    playbook.run(app.inventory, "restore_copy", target.target(remove=True), hint=_MEND)
    if as_json:
        emit_json({"removed_from": target.host.name})
    return EXIT_OK
