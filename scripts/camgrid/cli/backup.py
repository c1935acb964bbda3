"""`camgrid backup`: backups of every group, and points that the whole cluster can be restored to."""

from __future__ import annotations

import time
from dataclasses import asdict

import click

from camgrid.backup import archive, check, checksums, points
from camgrid.backup.repository import KINDS, Repository, Stanza
from camgrid.cli.app import App, json_option
from camgrid.console import emit_json, emit_table, say
from camgrid.errors import EXIT_OK, EXIT_UNHEALTHY, CamgridError, UsageError
from camgrid.units import duration, size

_POLL_S = 2


@click.group("backup")
def command() -> None:
    """Backups of every group, and points that the whole cluster can be restored to."""


@command.command()
@click.option(
    "--type",
    "kind",
    type=click.Choice(KINDS),
    default="diff",
    show_default=True,
    help="Everything, what changed since the last full one, or since the last one; without a full one that is made.",
)
@click.option("--no-wait", is_flag=True, help="Return at once; `backup list` shows how far it is.")
@json_option
@click.pass_obj
def run(app: App, kind: str, no_wait: bool, as_json: bool) -> int:
    """Take a backup of every group, one after the other. It goes on without the terminal."""
    repository = _repository(app)
    running = [each for each in KINDS if repository.outcome(each) in ("active", "activating")]
    if running:
        kind = running[0]
        say(f"a backup ({kind}) runs already on {repository.host.name}: its end is waited for, and no other is begun")
    else:
        repository.start(kind)
    if no_wait:
        return EXIT_OK
    _follow(repository, kind)
    return _list(repository, as_json)


def _follow(repository: Repository, kind: str) -> None:
    said = ""
    while (outcome := repository.outcome(kind)) in ("active", "activating"):
        for stanza in repository.stanzas():
            text = f"group {stanza.group}: {size(stanza.done)} of {size(stanza.total)}"
            if stanza.running and text != said:
                say(text)
                said = text
        time.sleep(_POLL_S)
    if outcome == "failed":
        raise CamgridError(
            f"the backup failed:\n{repository.journal(kind).strip()}",
            where=repository.host.name,
            hint="camgrid backup check; groups that went well keep theirs",
        )


@command.command("list")
@json_option
@click.pass_obj
def list_backups(app: App, as_json: bool) -> int:
    """List the backups of every group."""
    return _list(_repository(app), as_json)


def _list(repository: Repository, as_json: bool) -> int:
    stanzas = repository.stanzas()
    if as_json:
        emit_json({"groups": [asdict(stanza) for stanza in stanzas]})
        return EXIT_OK
    rows = [
        {
            "group": backup.group,
            "label": backup.label,
            "kind": backup.kind,
            "taken": f"{backup.started:%Y-%m-%d %H:%M:%S}",
            "took": duration((backup.stopped - backup.started).total_seconds()),
            "size": size(backup.size),
            "stored": size(backup.stored),
        }
        for stanza in stanzas
        for backup in stanza.backups
    ]
    headings = {"taken": "taken (UTC)", "size": "of database", "stored": "in repository"}
    emit_table(
        rows, {key: headings.get(key, key) for key in ("group", "label", "kind", "taken", "took", "size", "stored")}
    )
    for stanza in stanzas:
        say(f"group {stanza.group}: {_state(stanza)}")
    return EXIT_OK


def _state(stanza: Stanza) -> str:
    if stanza.running:
        return f"a backup runs, {size(stanza.done)} of {size(stanza.total)}"
    return f"{stanza.message}; WAL archived up to {stanza.archived or 'nowhere'}"


@command.command("check")
@click.option("--deep", is_flag=True, help="Also archive a segment of every group now, and read every file back.")
@json_option
@click.pass_obj
def check_backups(app: App, deep: bool, as_json: bool) -> int:
    """See whether the cluster could be restored. Ends with 3 when something is wrong."""
    repository = _repository(app)
    archives = archive.look(app)
    overview = check.overview(repository)
    found = archive.findings(archives) + check.findings(overview, repository.host.name)
    if deep:
        for stanza in overview.stanzas:
            name = f"--stanza={repository.stanza(stanza.group)}"
            for verb in ("check", "verify"):
                say(f"group {stanza.group}: pgbackrest {verb}")
                found += check.tried(repository, stanza.group, verb, name)
    if as_json:
        emit_json(
            {
                "healthy": not found,
                "archives": [asdict(each) for each in archives],
                "findings": list(map(asdict, found)),
            }
        )
    else:
        columns = {
            "group": "group",
            "primary": "primary",
            "waiting": "segments waiting",
            "last_archived": "last archived",
        }
        emit_table([asdict(each) for each in archives], columns)
        newest = overview.points[-1].name if overview.points else "none"
        say(f"{len(overview.points)} restore points, the newest {newest}")
        say(f"the repository's disk is {overview.disk_used} % full")
        for finding in found:
            say(f"{finding.where}: {finding.what}\n  next: {finding.next}")
    return EXIT_UNHEALTHY if found else EXIT_OK


@command.command()
@click.argument("name")
@click.option("--checksums", "summed", is_flag=True, help="Record what every shard holds: slow, exact without writers.")
@json_option
@click.pass_obj
def point(app: App, name: str, summed: bool, as_json: bool) -> int:
    """Make a point NAME that the whole cluster can be restored to. Commits wait for a moment."""
    points.check_name(name)
    repository = _repository(app)
    if any(each.name == name for each in points.listed(repository)):
        raise UsageError(f"there is a restore point {name} already", hint="camgrid backup points")
    with app.connect("admin", autocommit=True) as conn:
        made = points.make(conn, name, checksums.take(conn) if summed else None)
    points.keep(repository, made)
    if as_json:
        emit_json(made.as_record())
    else:
        say(f"{made.name}: every group can be restored to {made.made_at:%Y-%m-%d %H:%M:%S} UTC")
    return EXIT_OK


@command.command("points")
@click.option("--all", "everything", is_flag=True, help="The job's too, not only its last ten.")
@json_option
@click.pass_obj
def list_points(app: App, everything: bool, as_json: bool) -> int:
    """List the points that the whole cluster can be restored to, oldest first."""
    found = points.listed(_repository(app))
    if not everything:
        by_job = [each for each in found if each.name.startswith("auto-")]
        found = [each for each in found if not each.name.startswith("auto-") or each in by_job[-10:]]
    if as_json:
        emit_json({"points": [each.as_record() for each in found]})
        return EXIT_OK
    rows = [
        {
            "name": each.name,
            "made": f"{each.made_at:%Y-%m-%d %H:%M:%S}",
            "timelines": ", ".join(f"{group}: {place.timeline}" for group, place in sorted(each.groups.items())),
            "summed": each.checksums is not None,
        }
        for each in found
    ]
    emit_table(rows, {"name": "name", "made": "made (UTC)", "timelines": "timeline of group", "summed": "checksums"})
    return EXIT_OK


def _repository(app: App) -> Repository:
    return Repository(app.inventory, app.topology)
