"""camgrid.router while nodes fail: no wrong answer, no lost write, and a node that failed is left alone for a while."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest

from camgrid.router import Router
from tests.cluster.support import MEASURED, wait_until
from tests.cluster.test_examples import switch_over
from tests.cluster.test_router import COUNT, INSERT
from tests.cluster.waiting import settle

pytestmark = pytest.mark.larger

CAMERAS = range(911_000, 911_050)
MOMENT = datetime.now(UTC)
REST_S = 3.0


@pytest.fixture
def camera(cluster):
    """A camera of the first group with shards; without them, any."""
    with Router.from_inventory(cluster.path, "writer") as router:
        yield next(each for each in CAMERAS if router._core.map.group(each) in (None, 1))
    with cluster.connect("admin") as conn:
        query = 'DELETE FROM counting_results WHERE camera_id = ANY(%s) AND "timestamp" = %s'
        conn.execute(query, (list(CAMERAS), MOMENT))
    settle(cluster)


def state(router, address):
    return next(each for each in router.states() if each["address"] == address)


@pytest.mark.needs_workers
def test_a_pool_that_stopped_is_gone_round_and_found_again(cluster, camera):
    leader = cluster.leader(1)
    host = cluster.host(leader.host)
    with Router.from_inventory(cluster.path, "writer", rest_s=REST_S) as router:
        router.write(camera, INSERT, (camera, MOMENT, 7), retry=True)
        host.check_output("systemctl stop pgbouncer")
        try:
            slowest = 0.0
            for count in range(20):
                started = time.monotonic()
                assert router.write(camera, INSERT, (camera, MOMENT, count)) == [(count,)]
                assert router.read(camera, COUNT, (camera, MOMENT)) == [(count,)]
                slowest = max(slowest, time.monotonic() - started)
            assert state(router, leader.address)["breaker"] != "closed"
            assert state(router, leader.address)["failures"] >= 5
        finally:
            host.check_output("systemctl start pgbouncer")
        # The watcher's look is the trial.
        wait_until(lambda: state(router, leader.address)["breaker"] == "closed", 30)
        assert router._core.choose(camera, "primary").parameters["host"] == leader.address
        assert router.read(camera, COUNT, (camera, MOMENT)) == [(19,)]
    MEASURED.append(f"router, pool stopped: slowest write and read {slowest:.2f} s, none failed")


class Reader(threading.Thread):
    """Reads one camera again and again: what was acknowledged before a question must be in its answer."""

    def __init__(self, router, camera, at, acknowledged):
        super().__init__()
        self.router, self.camera, self.at, self.acknowledged = router, camera, at, acknowledged
        self.stop, self.reads, self.stale, self.failed = threading.Event(), 0, 0, None

    def run(self):
        try:
            while not self.stop.is_set():
                known = self.acknowledged[0]
                [(found,)] = self.router.read(self.camera, COUNT, (self.camera, MOMENT), at=self.at)
                self.reads += 1
                self.stale += found < known
        except Exception as error:  # noqa: BLE001 - the test says what it was
            self.failed = error


def test_a_switchover_gives_no_wrong_answer_and_costs_no_write(cluster, camera):
    acknowledged, pause, count = [0], 0.0, 0
    with Router.from_inventory(cluster.path, "writer", patience_s=90) as router:
        router.write(camera, INSERT, (camera, MOMENT, 0), retry=True)
        readers = [Reader(router, camera, at, acknowledged) for at in ("verified", "primary")]
        for reader in readers:
            reader.start()
        change = threading.Thread(target=switch_over, args=(cluster, 1 if cluster.topology.sharded else 0))
        change.start()
        ends = None
        while ends is None or time.monotonic() < ends:
            if ends is None and not change.is_alive():
                ends = time.monotonic() + 5
            started, count = time.monotonic(), count + 1
            assert router.write(camera, INSERT, (camera, MOMENT, count), retry=True) == [(count,)]
            acknowledged[0] = count
            pause = max(pause, time.monotonic() - started)
            time.sleep(0.01)
        for reader in readers:
            reader.stop.set()
        for reader in readers:
            reader.join()
        assert router.read(camera, COUNT, (camera, MOMENT), at="verified") == [(count,)]
        if cluster.topology.sharded:
            now = router._core.choose(camera, "primary").parameters["host"]
            assert now == cluster.leader(1).address
    assert [reader.failed for reader in readers] == [None, None]
    assert readers[0].stale == 0
    stale = ", ".join(f"{reader.stale} of {reader.reads} {reader.at}" for reader in readers)
    MEASURED.append(f"router, switchover: {count} writes, longest pause {pause:.1f} s; stale reads: {stale}")
