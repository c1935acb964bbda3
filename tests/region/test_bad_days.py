"""What goes wrong while the cluster is moved: refused or resumed, never a mixed cluster, never two that take writes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from camgrid import patroni
from camgrid.cli.app import App
from camgrid.errors import CamgridError
from camgrid.lab import cut
from camgrid.region import plan as plans
from camgrid.region.switch import Switch
from camgrid.topology import MAIN_REGION
from tests.cluster.support import ROOT
from tests.region.conftest import OTHER_REGION, open_region, settled, under_load

long = pytest.mark.skipif("CAMGRID_TEST_ALL" not in os.environ, reason="only with ./scripts/test --all")


def begin(cluster):
    """A switch in a process of its own."""
    command = [sys.executable, "-m", "camgrid", "-i", str(cluster.path), "region", "switch", "--yes"]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


def test_of_two_operators_who_switch_at_once_one_is_refused(cluster, ground):
    """Both have seen the same plan and said yes, so that neither undoes what the other has done."""
    app = App(str(cluster.path))
    both = [Switch(app, plans.make(app), who) for who in ("first", "second")]

    def run(switch):
        try:
            switch.run()
        except CamgridError as error:
            return str(error)
        return ""

    with under_load(ground, cluster, "two") as told, ThreadPoolExecutor() as pool:
        said = list(pool.map(run, both))
    (refused,) = filter(None, said)
    assert "is moving this cluster" in refused or "has taken over moving" in refused or "nothing was changed" in refused
    assert open_region(cluster) == [OTHER_REGION]
    assert told.verdict.true, told.verdict
    back(cluster)


@long
def test_a_switch_that_was_killed_goes_on_with_the_next_run(cluster, ground):
    with under_load(ground, cluster, "killed") as told:
        run = begin(cluster)
        for line in run.stderr:
            if "takes no more writes" in line:
                break
        run.kill()
        run.wait()
        again = cluster.camgrid("region", "switch", "--yes")
        assert again.returncode == 0, again.stderr
        assert "goes on" in again.stderr
    assert open_region(cluster) == [OTHER_REGION]
    assert told.verdict.true, told.verdict
    back(cluster)


@long
def test_a_plan_that_is_not_true_any_more_is_refused(cluster):
    app = App(str(cluster.path))
    old = plans.make(app)
    assert cluster.camgrid("region", "switch", "--yes").returncode == 0
    settled(cluster, OTHER_REGION)
    with pytest.raises(CamgridError, match="nothing was changed"):
        Switch(app, old, "an operator who took a long time to answer").run()
    settled(cluster, OTHER_REGION)
    back(cluster)


class Cut(Switch):
    """A switch during which the line to one group of the new region is cut, when it is too late to refuse."""

    def _close(self):
        for node in self.app.topology.group(2, OTHER_REGION):
            cut.cut(self.app.lab, node.host, [each.host for each in self.app.topology.group(2)])
        time.sleep(0.5)
        return super()._close()


@long
def test_a_group_that_does_not_get_there_gives_the_writes_back(cluster, ground):
    app = App(str(cluster.path))
    app.lab = cluster.lab
    try:
        with under_load(ground, cluster, "cut") as told:
            with pytest.raises(CamgridError, match="has not got all of it"):
                Cut(app, plans.make(app), "test").run()
            assert open_region(cluster) == [MAIN_REGION]
    finally:
        for node in cluster.topology.group(2, OTHER_REGION):
            cut.heal(cluster.lab, node.host)
    assert told.verdict.true, told.verdict
    settled(cluster, MAIN_REGION)


@long
def test_a_group_that_lags_by_minutes_is_refused_before_anything_is_closed(cluster):
    app = App(str(cluster.path))
    change = {"standby_cluster": {"recovery_min_apply_delay": "5min"}}
    patroni.change_config(app.inventory, app.topology, change, 2, OTHER_REGION)
    try:
        time.sleep(40)
        run = cluster.camgrid("region", "switch", "--yes")
        assert run.returncode == 1
        assert "nothing was changed" in run.stderr
        assert "behind" in run.stderr
        assert open_region(cluster) == [MAIN_REGION]
        assert cluster.camgrid("region", "status").returncode == 3
    finally:
        change["standby_cluster"]["recovery_min_apply_delay"] = None
        patroni.change_config(app.inventory, app.topology, change, 2, OTHER_REGION)


def back(cluster):
    """The first region leads again."""
    settled(cluster, OTHER_REGION)
    run = cluster.camgrid("region", "switch", "--yes")
    assert run.returncode == 0, run.stderr
