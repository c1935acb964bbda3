"""Where camgrid.router believes that cameras live: what Citus says, and harmless when a shard was moved since."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import pytest

from camgrid.router import Router
from tests.cluster.support import Cluster
from tests.cluster.test_router import COUNT, INSERT
from tests.cluster.waiting import until

pytestmark = pytest.mark.needs_workers

CAMERAS = range(912_000, 912_100)
MOMENT = datetime.now(UTC)


@pytest.fixture
def router(cluster: Cluster) -> Iterator[Router]:
    with Router.from_inventory(cluster.path, "writer") as made:
        yield made
    with cluster.connect("admin") as conn:
        query = 'DELETE FROM counting_results WHERE camera_id = %s AND "timestamp" = %s'
        conn.execute(query, (CAMERAS[0], MOMENT))


def test_the_map_names_the_group_that_citus_names(cluster, router):
    query = """
        SELECT p.groupid FROM unnest(%s::integer[]) WITH ORDINALITY AS t (camera, i)
        JOIN pg_dist_placement AS p ON p.shardid = camgrid.get_shard_for_camera(t.camera) ORDER BY i"""
    assert [row[0] for row in cluster.rows(query, list(CAMERAS))] == [router._core.map.group(each) for each in CAMERAS]


def test_a_camera_is_asked_of_its_own_node(cluster, router):
    addresses = {node.address: node.group for node in cluster.topology.nodes}
    for camera in CAMERAS:
        place = router._core.choose(camera, "primary")
        assert addresses[place.parameters["host"]] == router._core.map.group(camera)


@contextmanager
def moved(cluster: Cluster, camera: int, source: str, target: str) -> Iterator[None]:
    """A camera's shard group at another primary than before, for a while."""
    query = "SELECT citus_move_shard_placement(camgrid.get_shard_for_camera(%s), %s, 5432, %s, 5432, 'block_writes')"
    until(lambda: _is_moved(cluster, query, camera, source, target))
    try:
        yield
    finally:
        until(lambda: _is_moved(cluster, query, camera, target, source))


def _is_moved(cluster: Cluster, query: str, *move: object) -> bool:
    """Moves it; False while Citus is still dropping what the shard left where it is to go."""
    try:
        cluster.rows(query, *move)
    except psycopg.errors.InternalError_ as error:
        if "could not be cleaned up" not in str(error):
            raise
        return False
    return True


def test_a_moved_shard_is_read_and_written_rightly_and_then_found(cluster, router):
    camera, shards = CAMERAS[0], router._core.map
    source = shards.primaries[shards.group(camera)]
    target = next(name for group, name in shards.primaries.items() if group not in (0, shards.group(camera)))
    router.write(camera, INSERT, (camera, MOMENT, 0), retry=True)
    with moved(cluster, camera, source, target):
        for count in (1, 2):
            # As if the map had not been read again meanwhile: the node that it names forwards.
            router._core.map = shards
            assert router._core.choose(camera, "write").name == source
            assert router.write(camera, INSERT, (camera, MOMENT, count), retry=True) == [(count,)]
            router._core.map = shards
            assert router.read(camera, COUNT, (camera, MOMENT)) == [(count,)]
        assert router.refresh()
        assert router._core.choose(camera, "write").name == target
        assert router.read(camera, COUNT, (camera, MOMENT)) == [(2,)]
