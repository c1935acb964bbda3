"""A region that is lost as a whole, the other one that is opened, and the lost one that comes back by itself."""

from __future__ import annotations

import json
import os
import time

import pytest

from camgrid.topology import MAIN_REGION
from tests.cluster.support import MEASURED
from tests.cluster.waiting import until
from tests.region import breaking
from tests.region.conftest import OTHER_REGION, open_region, settled, under_load

# Seconds from the loss until every client writes again; more where other work may share the machine.
OPEN_S = 60 if "CAMGRID_TEST_ALL" in os.environ else 90
# Seconds that a region which came back is watched for: its Patroni has tried to start many times by then.
WATCHED_S = 30


@pytest.fixture(scope="module")
def lost(cluster, ground):
    """The first region without power, and the second one opened, under load."""
    settled(cluster, MAIN_REGION)
    with under_load(ground, cluster, "lost") as told:
        began = time.monotonic()
        breaking.lose(ground, MAIN_REGION)
        run = cluster.camgrid("region", "promote", "--yes", "--cluster", cluster.topology.cluster, "--json")
        told.opened = time.monotonic() - began
        told.run = run
    yield told
    settled(cluster, MAIN_REGION, 300)


@pytest.fixture(autouse=True)
def sound():
    """The tests here are steps of one story, so none begins with both regions being well."""


def test_the_other_region_is_open_within_a_minute(cluster, lost):
    assert lost.run.returncode == 0, lost.run.stderr
    assert open_region(cluster) == [OTHER_REGION]
    assert sorted(json.loads(lost.run.stdout)["groups"]) == [str(group) for group in cluster.topology.groups()]
    MEASURED.append(
        f"region lost: opened after {lost.opened:.1f} s, {lost.without_writes} s without writes ({lost.longest}); "
        f"{len(lost.ledger.acknowledged):,} writes acknowledged, {len(lost.verdict.lost)} of them lost, "
        f"{len(lost.verdict.halves)} half there"
    )
    assert lost.unserved == []
    assert max(lost.opened, lost.without_writes) <= OPEN_S


def test_nothing_is_there_twice_or_was_never_sent_and_few_writes_are_lost(lost):
    assert not lost.verdict.doubled
    assert not lost.verdict.unknown
    # Replication between regions does not hold commits up: what was under way when the power went is lost.
    assert len(lost.verdict.lost) <= len(lost.ledger.acknowledged) / 10


def test_nobody_is_asked_twice_and_a_stranger_cannot_promote(cluster, lost):
    again = cluster.camgrid("region", "promote", "--yes", "--cluster", cluster.topology.cluster)
    assert again.returncode == 1
    assert "nothing to promote" in again.stderr


def test_the_old_region_boots_and_takes_no_writes(cluster, ground, lost):
    breaking.power_on(ground, MAIN_REGION)
    until = time.monotonic() + WATCHED_S
    while time.monotonic() < until:
        assert breaking.writers(ground, MAIN_REGION) == []
        assert open_region(cluster) == [OTHER_REGION]
        time.sleep(1)
    node = cluster.topology.group(0)[0]
    said = cluster.host(node.host).check_output("journalctl --unit=patroni --boot --no-pager --output=cat")
    assert "Patroni does not start: region_dr takes the writes. Next: camgrid region return" in said


def test_it_returns_as_the_region_that_stands_by(cluster, lost):
    began = time.monotonic()
    run = cluster.camgrid("region", "return", "--yes")
    assert run.returncode == 0, run.stderr
    settled(cluster, OTHER_REGION)
    MEASURED.append(f"region return: follows after {time.monotonic() - began:.0f} s")


def test_and_leads_again_after_a_switch(cluster, ground, lost):
    with under_load(ground, cluster, "led-back") as told:
        run = cluster.camgrid("region", "switch", "--yes")
        assert run.returncode == 0, run.stderr
    settled(cluster, MAIN_REGION)
    assert told.verdict.true, told.verdict
    assert told.unserved == []


def test_all_wal_since_then_is_archived(cluster, lost):
    """The lost region has archived the end of its timeline; what the other one had of it must not be in the way."""
    for group in cluster.topology.groups():
        with cluster.connect_to(cluster.leader(group), "admin") as conn:
            conn.execute("CHECKPOINT")
    cluster.rows("SELECT camgrid.create_restore_point('after the lost region')")
    until(lambda: cluster.camgrid("backup", "check").returncode == 0, 120)
