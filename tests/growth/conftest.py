"""A lab without worker groups that grows some: once for all tests here, and for good."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from camgrid.chaos.ground import Ground
from camgrid.chaos.ledger import Ledger, longest_gap
from camgrid.chaos.load import Load
from camgrid.cli.app import App
from tests.cluster import conftest as shared
from tests.cluster.conftest import pytest_collection_modifyitems, pytest_runtest_makereport  # noqa: F401
from tests.cluster.rows import fill
from tests.cluster.support import ROOT, Cluster, lab_cluster

# Cameras that no other test writes to, and rows for each of them over two months.
CAMERAS, ROWS = range(970_001, 970_101), 2_000
SUMS = """
    SELECT count(*), sum(hashtextextended(concat_ws('|', camera_id, zone_id, "timestamp", count_in, count_out), 0))
    FROM camgrid.counting_results WHERE camera_id BETWEEN %s AND %s
"""
CHECKS = """
    SELECT relname, conname, pg_get_constraintdef(c.oid), convalidated
    FROM pg_constraint AS c JOIN pg_class AS t ON t.oid = conrelid
    WHERE contype = 'c' AND relnamespace = 'camgrid'::regnamespace
        AND relname IN ('cameras', 'counting_results', 'camera_events')
    ORDER BY 1, 2
"""


@dataclass
class Growth:
    """What happened while the lab grew. longest: client → seconds without a success; before and after: checksums;
    checks: CHECK constraints of the tables before."""

    ledger: Ledger
    before: Any
    checks: list[tuple]
    plan: dict[str, Any] = field(default_factory=dict)
    code: int = -1
    said: str = ""
    seconds: float = 0
    longest: dict[str, float] = field(default_factory=dict)
    unserved: list[str] = field(default_factory=list)
    after: Any = None


def sums(cluster: Cluster) -> tuple:
    """How many rows of CAMERAS there are, and a number that any difference in one would change."""
    return cluster.rows(SUMS, CAMERAS[0], CAMERAS[-1])[0]


@pytest.fixture(scope="session")
def growth() -> Growth:
    """Grows the lab under load. A lab that has worker groups already is a usage error: nothing would be tested."""
    cluster = lab_cluster()
    if cluster.topology.phase != "read_scaling":
        raise pytest.UsageError(f"lab {cluster.lab.name} is in phase {cluster.topology.phase}, not read_scaling")
    with cluster.connect("admin") as conn:
        fill(conn, CAMERAS, ROWS, minutes=40)
    found = Growth(Ledger(ROOT / ".cache/chaos/growth.jsonl"), sums(cluster), cluster.rows(CHECKS))
    found.plan = cluster.json("phase", "plan")
    ground = Ground(App(str(cluster.path)))
    with Load(ground, found.ledger, 0) as load:
        load.wait_until_served()
        started = time.monotonic()
        command = [sys.executable, "-m", "camgrid.lab", "up", "--name", cluster.lab.name]
        command += ["--phase", "horizontal", "--no-data"]
        run = subprocess.run(
            command, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        found.code, found.said = run.returncode, run.stdout
        found.seconds = time.monotonic() - started
        time.sleep(5)
        found.unserved = load.unserved()
    found.longest = {
        client.name: longest_gap(found.ledger.done[client.name], load.started, load.started, load.ended)
        for client in load.clients
        if client.counts
    }
    found.after = sums(lab_cluster())
    return found


@pytest.fixture(scope="session")
def cluster(growth: Growth) -> Cluster:
    """The lab's cluster as it is once it has grown."""
    return lab_cluster()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was measured."""
    shared.pytest_terminal_summary(terminalreporter)
