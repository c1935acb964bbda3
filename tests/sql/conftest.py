"""The database of a running lab."""

from __future__ import annotations

import pytest

from tests.cluster.support import Cluster, lab_cluster


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The cluster of the lab that the runner names."""
    return lab_cluster()
