"""`camgrid chaos`: break a lab on purpose, and see what its clients notice."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import click

from camgrid.chaos import ledger, result, run, verify
from camgrid.chaos.faults import FAULTS
from camgrid.chaos.ground import Ground
from camgrid.cli.app import App, json_option
from camgrid.console import confirm, emit_json, emit_table, say
from camgrid.errors import EXIT_FAILED, EXIT_OK, EXIT_UNHEALTHY, UsageError
from camgrid.lab import machine
from camgrid.lab.config import ROOT, lab_lock

LEDGERS = ROOT / ".cache" / "chaos"


@click.group("chaos")
def command() -> None:
    """Faults in a lab under load: seconds without writes, and whether any acknowledged write was lost."""


@command.command("list")
@json_option
def list_faults(as_json: bool) -> None:
    """List the faults."""
    rows = [
        {"fault": f.name, "tried_on": f.scope, "held_s": f.hold_s, "promised_s": f.limit_s, "what": f.says}
        for f in FAULTS
    ]
    if as_json:
        emit_json(rows)
    else:
        headings = {"fault": "fault", "tried_on": "per", "held_s": "held s", "promised_s": "promised s", "what": "what"}
        emit_table(rows, headings)


@command.command("run")
@click.option(
    "--fault",
    "names",
    multiple=True,
    metavar="NAME",
    type=click.Choice([fault.name for fault in FAULTS]),
    help="Only this one; see `chaos list`. Repeatable.",
)
@click.option("--group", "groups", multiple=True, type=int, metavar="N", help="Only this group. Repeatable.")
@click.option("--runs", type=click.IntRange(1), default=1, show_default=True, help="How often each is tried.")
@click.option(
    "--ledger",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=LEDGERS,
    help="Where what was sent and acknowledged is kept; .cache/chaos without it.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def run_faults(
    app: App, names: tuple[str, ...], groups: tuple[int, ...], runs: int, directory: Path, yes: bool, as_json: bool
) -> int:
    """Break things while clients write and read.

    Exit code 1 when a write is lost or something does not come back, 3 when writes were away longer than promised.
    """
    ground = Ground(app)
    known = app.topology.groups()
    if unknown := set(groups) - set(known):
        raise UsageError(f"there is no group {min(unknown)}", hint=f"its groups: {', '.join(map(str, known))}")
    machine.check_kind()
    steps = run.plan(groups or known, names, runs, sharded=app.topology.sharded)
    confirm(f"In lab {ground.lab.name}:\n{run.described(steps)}", yes=yes)
    with lab_lock(ground.lab), _undone_when_interrupted():
        results = list(run.run_all(ground, steps, directory / f"{datetime.now(UTC):%Y%m%dT%H%M%S}"))
    if as_json:
        emit_json([each.as_json() for each in results])
    else:
        result.show(results)
    if not all(each.ok for each in results):
        return EXIT_FAILED
    return EXIT_UNHEALTHY if any(each.late for each in results) else EXIT_OK


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@json_option
@click.pass_obj
def audit(app: App, file: Path, as_json: bool) -> int:
    """Compare the database with the ledger FILE of a run that was interrupted, before another run removes its rows."""
    Ground(app)
    sent, acknowledged = ledger.load(file)
    with app.connect("admin", autocommit=True) as conn:
        verdict = verify.compare(sent, acknowledged, *verify.stored(conn))
    found = {
        "acknowledged": len(acknowledged),
        "lost": len(verdict.lost),
        "doubled": len(verdict.doubled),
        "halves": len(verdict.halves),
        "unknown": len(verdict.unknown),
    }
    if as_json:
        emit_json(found)
    else:
        emit_table([found], {key: key for key in found})
    return EXIT_OK if verdict.true else EXIT_FAILED


@contextmanager
def _undone_when_interrupted() -> Iterator[None]:
    """Whoever ends us, the fault is undone first: a second Ctrl-C does not keep it from being."""

    def interrupt(signum: int, frame: FrameType | None) -> None:
        for each in signals:
            signal.signal(each, lambda *_: say("the fault is being undone; wait for it"))
        raise KeyboardInterrupt

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.signal(each, interrupt) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
