"""A region that lags is told of, by the same rules in a hurry, and no more once it has caught up."""

from __future__ import annotations

import os

import pytest

from tests.cluster import breaking
from tests.cluster.firing import Cause, fire
from tests.region.conftest import OTHER_REGION


@pytest.mark.skipif("CAMGRID_TEST_ALL" not in os.environ, reason="only with ./scripts/test --all")
def test_a_region_that_lags_is_told_of(cluster, watching):
    far = cluster.topology.group(1, OTHER_REGION)[0]
    message = ["SELECT pg_logical_emit_message(true, 'alarm', '')"]
    commit = breaking.psql(cluster, cluster.leader(1), message, message)
    fire(
        watching,
        Cause(breaking.replay_frozen(cluster, far.host), {"RegionLag": {"replica": far.host}}),
        Cause(commit, {}),
    )
