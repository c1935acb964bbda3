"""A lab whose hosts have no way out and were installed from a bundle. Tests leave it as they found it: serving."""

from __future__ import annotations

from pathlib import Path

import pytest

from camgrid.bundle import archive
from camgrid.bundle.manifest import Manifest
from tests.cluster.conftest import (  # noqa: F401
    pytest_generate_tests,
    pytest_runtest_makereport,
    pytest_terminal_summary,
)
from tests.cluster.support import Cluster, lab_cluster


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The lab's cluster. One with a way out is a usage error: nothing would be tested."""
    found = lab_cluster()
    if not found.lab.bundle:
        raise pytest.UsageError(f"the hosts of lab {found.lab.name} have a way out; it was made without --offline")
    return found


@pytest.fixture(scope="session")
def bundle(cluster: Cluster) -> Path:
    """The bundle that the lab's hosts install from."""
    return Path(cluster.lab.bundle)


@pytest.fixture(scope="session")
def manifest(bundle: Path) -> Manifest:
    """What it says of itself."""
    return archive.read_manifest(bundle)


@pytest.fixture
def host(cluster: Cluster, request: pytest.FixtureRequest):
    """One host of the lab, for testinfra."""
    return cluster.host(request.param)
