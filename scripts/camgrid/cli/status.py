"""`camgrid status`: the cluster in one look, or in one look after the other."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from camgrid import health
from camgrid.cli import status_view
from camgrid.cli.app import App, json_option
from camgrid.console import emit_json, out, say
from camgrid.errors import EXIT_OK, EXIT_UNHEALTHY
from camgrid.units import size

_EVERY_S = 10


@click.command("status")
@click.option(
    "--watch",
    is_flag=False,
    flag_value=_EVERY_S,
    type=click.FloatRange(min=1),
    metavar="[SECONDS]",
    help=f"Look again each {_EVERY_S} seconds, or as many as given, until it is stopped. In a pipe a line a finding.",
)
@click.option(
    "--page",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it as one HTML file, with charts of the last day.",
)
@json_option
@click.pass_obj
def command(app: App, watch: float | None, page: Path | None, as_json: bool) -> int:
    """Show all of the cluster and what is wrong; exit code 3 when something is."""
    if page:
        return _page(app, page, as_json)
    if watch:
        return _watch(app, watch, as_json)
    snapshot = health.look(app)
    if as_json:
        emit_json(snapshot.as_json())
    else:
        for index, part in enumerate(status_view.parts(snapshot)):
            if index and not isinstance(part, Text):
                out.print()
            out.print(part)
        for part in status_view.wrong(snapshot):
            out.print(part)
    return _code(snapshot)


def _page(app: App, path: Path, as_json: bool) -> int:
    from camgrid.statuspage.page import make  # Jinja is for those who want a page

    text = make(app)
    path.write_text(text, encoding="utf-8")
    if as_json:
        emit_json({"file": str(path), "bytes": len(text.encode())})
    say(f"{path}: {size(len(text.encode()))}")
    return EXIT_OK


def _watch(app: App, seconds: float, as_json: bool) -> int:
    """Looks until it is interrupted. A look begins `seconds` after the last one, or at once where that took longer."""
    drawn = is_terminal() and not as_json
    with Live(Text("looking …"), console=out, screen=True, auto_refresh=False) if drawn else _Lines(as_json) as screen:
        while True:
            began = time.monotonic()
            snapshot = health.look(app)
            screen.update(_screen(snapshot, seconds) if drawn else snapshot, refresh=True)
            time.sleep(max(0.0, seconds - (time.monotonic() - began)))


def is_terminal() -> bool:
    """Whether there is a screen to draw on."""
    return sys.stdout.isatty()


def _screen(snapshot: health.Snapshot, seconds: float) -> RenderableType:
    """What is wrong comes first: whatever a small terminal has no room for is at the end."""
    head, *rest = status_view.parts(snapshot)
    head.append(f", again each {seconds:g} s; Ctrl-C ends", style="dim")
    spaced = [each for part in rest for each in (() if isinstance(part, Text) else (Text(),)) + (part,)]
    return Group(head, *status_view.wrong(snapshot), *spaced)


class _Lines:
    """A pipe's screen: a line for each finding, or one that says that there is none, with the time before it."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, snapshot: health.Snapshot, refresh: bool) -> None:
        """Writes a look; the reader has it at once."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        if self.as_json:
            document = {"at": now} | snapshot.as_json()
            sys.stdout.write(json.dumps(document, default=str, ensure_ascii=False) + "\n")
        else:
            for line in status_view.lines(snapshot) or ["healthy"]:
                sys.stdout.write(f"{now} {line}\n")
        sys.stdout.flush()


def _code(snapshot: health.Snapshot) -> int:
    return EXIT_UNHEALTHY if snapshot.findings else EXIT_OK
