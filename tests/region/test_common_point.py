"""A region that is opened at the newest point that all groups have, when one of them had fallen behind."""

from __future__ import annotations

import json
import os
import threading
import time

import psycopg
import pytest

from camgrid import patroni
from camgrid.cli.app import App
from camgrid.lab import cut
from camgrid.region import settings
from camgrid.topology import MAIN_REGION
from tests.cluster.support import MEASURED
from tests.region import breaking
from tests.region.conftest import OTHER_REGION, open_region, settled, under_load

pytestmark = pytest.mark.skipif("CAMGRID_TEST_ALL" not in os.environ, reason="only with ./scripts/test --all")
DELAY = {"standby_cluster": {"recovery_min_apply_delay": "90s"}}
# Seconds that one group hears nothing more before the first region is lost.
BEHIND_S = 6
OPEN_S = 60


class Points(threading.Thread):
    """Makes restore points as the role common_points does, only more often."""

    def __init__(self, cluster):
        super().__init__(daemon=True)
        self.cluster, self.ended, self.made = cluster, threading.Event(), []

    def run(self):
        with self.cluster.connect("admin") as conn:
            while not self.ended.wait(2):
                name = time.strftime("camgrid-%Y%m%dT%H%M%S", time.gmtime())
                try:
                    conn.execute("SELECT citus_create_restore_point(%s)", (name,))
                except psycopg.Error:
                    return
                self.made.append(name)


def test_by_the_common_point_no_transaction_is_half_there(cluster, ground):
    app = App(str(cluster.path))
    lagging = [node.host for node in cluster.topology.group(2, OTHER_REGION)]
    for group in cluster.topology.groups():
        patroni.change_config(app.inventory, app.topology, DELAY, group, OTHER_REGION)
    points = Points(cluster)
    try:
        with under_load(ground, cluster, "common") as told:
            points.start()
            time.sleep(10)
            for host in lagging:
                cut.cut(cluster.lab, host, breaking.hosts(ground, MAIN_REGION))
            time.sleep(BEHIND_S)
            began = time.monotonic()
            breaking.lose(ground, MAIN_REGION)
            points.ended.set()
            name = cluster.topology.cluster
            run = cluster.camgrid("region", "promote", "--common", "--yes", "--cluster", name, "--json")
            opened = time.monotonic() - began
            assert run.returncode == 0, run.stderr
    finally:
        for host in lagging:
            cut.heal(cluster.lab, host)
    said = json.loads(run.stdout)
    MEASURED.append(
        f"region lost, opened at the common point {said['point']} of {len(points.made)}: after {opened:.1f} s; "
        f"{len(told.ledger.acknowledged):,} writes acknowledged, {len(told.verdict.lost)} of them lost, "
        f"{len(told.verdict.halves)} half there"
    )
    assert open_region(cluster) == [OTHER_REGION]
    assert said["point"] in points.made
    assert told.verdict.halves == []
    assert told.verdict.doubled == told.verdict.unknown == []
    assert told.verdict.lost, "a group was behind, so something has to be lost"
    assert opened <= OPEN_S
    breaking.power_on(ground, MAIN_REGION)
    back = cluster.camgrid("region", "return", "--yes", "--cluster", cluster.topology.cluster)
    assert back.returncode == 0, back.stderr
    settled(cluster, OTHER_REGION)
    assert cluster.camgrid("region", "switch", "--yes").returncode == 0
    settled(cluster, MAIN_REGION)
    assert settings.epoch(patroni.config(app.inventory, app.topology, 0, MAIN_REGION)) > 1
