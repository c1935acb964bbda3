"""The playbooks of the regions: the plan first, then the cluster's name, and nothing without it."""

from __future__ import annotations

import os

import pytest

from camgrid.topology import MAIN_REGION
from tests.region import breaking
from tests.region.conftest import OTHER_REGION, open_region, settled

long = pytest.mark.skipif("CAMGRID_TEST_ALL" not in os.environ, reason="only with ./scripts/test --all")
PLAN = f"all groups move from {MAIN_REGION} to {OTHER_REGION}"


def test_without_the_clusters_name_nothing_is_moved(cluster):
    for words in ([], ["-e", "confirm=another"]):
        run = cluster.playbook("region_switch", *words)
        assert run.returncode != 0
        assert PLAN in run.stdout
        assert f"-e confirm={cluster.topology.cluster}" in run.stdout
        assert open_region(cluster) == [MAIN_REGION]


def test_with_check_the_plan_is_all_there_is(cluster):
    run = cluster.playbook("region_switch", "--check", "-e", f"confirm={cluster.topology.cluster}")
    assert run.returncode == 0, run.stdout
    assert PLAN in run.stdout
    assert open_region(cluster) == [MAIN_REGION]


def test_what_cannot_be_done_is_refused_with_its_reason(cluster):
    run = cluster.playbook("region_promote", "-e", "common=true", "-e", f"confirm={cluster.topology.cluster}")
    assert run.returncode != 0
    assert "camgrid_region_delay_s makes it possible" in run.stdout
    assert open_region(cluster) == [MAIN_REGION]


@long
def test_there_and_back(cluster):
    for target in (OTHER_REGION, MAIN_REGION):
        run = cluster.playbook("region_switch", "-e", f"confirm={cluster.topology.cluster}")
        assert run.returncode == 0, run.stdout[-3000:]
        assert f"{target} takes the writes of" in run.stdout
        assert open_region(cluster) == [target]


@long
def test_a_lost_region_is_replaced_and_brought_back(cluster, ground):
    name = f"confirm={cluster.topology.cluster}"
    breaking.lose(ground, MAIN_REGION)
    run = cluster.playbook("region_promote", "-e", name)
    assert run.returncode == 0, run.stdout[-3000:]
    assert open_region(cluster) == [OTHER_REGION]
    breaking.power_on(ground, MAIN_REGION)
    run = cluster.playbook("region_return", "-e", name)
    assert run.returncode == 0, run.stdout[-3000:]
    settled(cluster, OTHER_REGION)
    assert cluster.camgrid("region", "switch", "--yes").returncode == 0
    settled(cluster, MAIN_REGION)
