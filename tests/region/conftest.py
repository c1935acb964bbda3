"""A lab with two regions. Tests here leave it as they found it: region_main open, region_dr following."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from camgrid.chaos import verify
from camgrid.chaos.ground import Ground
from camgrid.chaos.ledger import Ledger, longest_gap
from camgrid.chaos.load import Load
from camgrid.chaos.verify import Verdict
from camgrid.cli.app import App
from camgrid.topology import MAIN_REGION
from tests.cluster import conftest as shared
from tests.cluster.conftest import pytest_runtest_makereport, watching  # noqa: F401
from tests.cluster.support import ROOT, Cluster, lab_cluster
from tests.cluster.waiting import until

OTHER_REGION = "region_dr"


@dataclass
class Told:
    """What clients met while something was done. longest: client → seconds without a success."""

    ledger: Ledger
    longest: dict[str, float] = field(default_factory=dict)
    unserved: list[str] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def without_writes(self) -> float:
        """Seconds of the longest wait of any client that writes."""
        return max(seconds for name, seconds in self.longest.items() if name != "read")


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The lab's cluster. One without a second region is a usage error: nothing would be tested."""
    found = lab_cluster()
    if len(found.topology.region_names) != 2:
        raise pytest.UsageError(f"lab {found.lab.name} is in phase {found.topology.phase}, not multi_region")
    return found


@pytest.fixture(scope="session")
def ground(cluster: Cluster) -> Ground:
    """The lab, to be broken."""
    return Ground(App(str(cluster.path)))


@pytest.fixture(autouse=True)
def sound(cluster: Cluster) -> None:
    """Each test begins with two regions that are well, the first one open."""
    settled(cluster, MAIN_REGION)


def settled(cluster: Cluster, region: str, seconds: float = 120) -> None:
    """Waits until a region is open, the other one follows and nothing is wrong."""
    until(lambda: open_region(cluster) == [region] and cluster.camgrid("region", "status").returncode == 0, seconds)


def open_region(cluster: Cluster) -> list[str]:
    """The regions that take writes now."""
    return [each["region"] for each in cluster.json("region", "status")["regions"] if each["open"]]


@contextmanager
def under_load(ground: Ground, cluster: Cluster, name: str) -> Iterator[Told]:
    """Clients write and read while something is done; afterwards every acknowledged write is looked for."""
    told = Told(Ledger(ROOT / f".cache/chaos/region-{name}.jsonl"))
    # Restored to a point amid other tests, a cluster has their rows again.
    with cluster.connect("admin") as conn:
        verify.remove(conn)
    with Load(ground, told.ledger, 0) as load:
        load.wait_until_served()
        began = time.monotonic()
        yield told
        until(lambda: not load.unserved(), 60)
        time.sleep(2)
        told.unserved = load.unserved()
    told.longest = {
        client.name: round(longest_gap(told.ledger.done[client.name], load.started, began, load.ended), 1)
        for client in load.clients
        if client.counts
    }
    with cluster.connect("admin") as conn:
        told.verdict = verify.compare(told.ledger.sent, told.ledger.acknowledged, *verify.stored(conn))
        verify.remove(conn)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was measured."""
    shared.pytest_terminal_summary(terminalreporter)
