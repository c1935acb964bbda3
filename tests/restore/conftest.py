"""The lab of tests/cluster, and writers with a ledger around a restore point."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import pytest

from camgrid.chaos import verify
from camgrid.chaos.ground import Ground
from camgrid.chaos.ledger import Ledger
from camgrid.chaos.load import Load
from camgrid.cli.app import App
from tests.cluster import conftest as shared
from tests.cluster.conftest import cluster, pytest_collection_modifyitems, pytest_runtest_makereport  # noqa: F401
from tests.cluster.rows import fill
from tests.cluster.support import ROOT, Cluster

# Cameras that no writer of a ledger has, and rows of each that are there before the first point.
CAMERAS, ROWS = range(960_001, 960_021), 500


@dataclass
class Points:
    """Two points. quiet: with checksums and no writer; busy: amid writers; before: what was acknowledged when it was
    asked for; after: number of the first write that was sent once it was there."""

    quiet: str
    busy: str
    ledger: Ledger
    before: set[int]
    after: int


@pytest.fixture(scope="session")
def points(cluster: Cluster) -> Points:  # noqa: F811
    """Makes rows, a backup, and both points; writers go on after the second."""
    with cluster.connect("admin") as conn:
        verify.remove(conn)
        fill(conn, CAMERAS, ROWS, minutes=1)
    command(cluster, "backup", "run", "--type", "incr")
    stamp = f"{time.time():.0f}"
    command(cluster, "backup", "point", f"quiet-{stamp}", "--checksums")
    ledger = Ledger(ROOT / ".cache/chaos/restore.jsonl")
    with Load(Ground(App(str(cluster.path))), ledger, 0) as load:
        load.wait_until_served()
        time.sleep(5)
        before = set(ledger.acknowledged)
        command(cluster, "backup", "point", f"busy-{stamp}")
        after = len(ledger.sent)
        time.sleep(5)
    return Points(f"quiet-{stamp}", f"busy-{stamp}", ledger, before, after)


def command(cluster: Cluster, *words: str, code: int = 0) -> Any:  # noqa: F811
    """What `camgrid … --json` returns; fails when it does not end with code."""
    done = cluster.camgrid(*words, "--json")
    assert done.returncode == code, done.stdout[-2000:] + done.stderr[-4000:]
    return json.loads(done.stdout) if done.stdout.strip() else None


def restore(cluster: Cluster, point: str, **options: Any) -> Any:  # noqa: F811
    """Restores the lab in place, as an operator would where nobody can be asked."""
    return command(cluster, "restore", "--to", point, "--yes", "--cluster", cluster.topology.cluster, **options)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What was measured, unless tests/cluster runs too and shows it."""
    if not config.pluginmanager.is_registered(shared):
        shared.pytest_terminal_summary(terminalreporter)
