"""camgrid.router with a map of before: a shard that was moved, isolated or dropped since is never read where it was."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from psycopg.errors import DivisionByZero

from camgrid.router import AsyncRouter, Router
from camgrid.router.camera_hash import camera_hash
from camgrid.router.shard_map import ShardMap
from tests.cluster.support import Cluster
from tests.cluster.test_router import EVERY_WAY, INSERT
from tests.cluster.test_router_map import moved
from tests.cluster.test_router_shards import COUNT
from tests.cluster.waiting import until

pytestmark = pytest.mark.needs_workers

CAMERAS = range(914_000, 914_100)
MOMENT = datetime.now(UTC)
REQUEST = (CAMERAS[0], COUNT, (CAMERAS[0], MOMENT))
MANY = [(CAMERAS[0], (CAMERAS[0], MOMENT))] * 3
OLD = 'SELECT count_in FROM {} WHERE camera_id = %s AND "timestamp" = %s'


@pytest.fixture
def router(cluster: Cluster) -> Iterator[Router]:
    with Router.from_inventory(cluster.path, "writer") as made:
        made.write(CAMERAS[0], INSERT, (CAMERAS[0], MOMENT, 0), retry=True)
        yield made
    with cluster.connect("admin") as conn:
        query = 'DELETE FROM counting_results WHERE camera_id = ANY(%s) AND "timestamp" = %s'
        conn.execute(query, (list(CAMERAS), MOMENT))
        conn.execute("DELETE FROM cameras WHERE id = ANY(%s)", (list(CAMERAS),))


def at_source(cluster: Cluster, shards: ShardMap, query: str, *params: object) -> list[tuple]:
    """What the primary that held CAMERAS[0] answers to a query, which names the shard as {}."""
    position = shards.position(CAMERAS[0])
    node = next(each for each in cluster.topology.nodes if each.name == shards.primaries[shards.groups[position]])
    with cluster.connect_to(node, "reader") as conn:
        return conn.execute(query.format(shards.shards["counting_results"][position].relation), params).fetchall()


@contextmanager
def moved_and_changed(cluster: Cluster, router: Router) -> Iterator[ShardMap]:
    """The map of before, while the camera's shard is elsewhere and its result has become 1 there."""
    shards = router._core.map
    source = shards.group(CAMERAS[0])
    target = next(name for group, name in shards.primaries.items() if group not in (0, source))
    with moved(cluster, CAMERAS[0], shards.primaries[source], target):
        router.write(CAMERAS[0], INSERT, (CAMERAS[0], MOMENT, 1), retry=True)
        yield shards


@pytest.mark.parametrize("at", EVERY_WAY)
def test_a_shard_that_moved_is_not_read_where_its_old_rows_still_lie(cluster, router, at):
    for prepare in (False, True):  # also by statements that were prepared before
        assert until(lambda prepare=prepare: router.read(*REQUEST, at=at, prepare=prepare)) == [(0,)]
    with moved_and_changed(cluster, router) as shards:
        assert at_source(cluster, shards, OLD, *REQUEST[2]) == [(0,)]  # else this test proves nothing
        for prepare in (False, True):
            router._core.map = shards
            if at == "replica":  # a moment behind, as ever: until the move has come to it
                assert until(lambda prepare=prepare: router.read(*REQUEST, at=at, prepare=prepare) == [(1,)], 8)
                router._core.map = shards
            assert router.read(*REQUEST, at=at, prepare=prepare) == [(1,)]
            router._core.map = shards
            assert router.read_many(MANY, COUNT, at=at, prepare=prepare) == [[(1,)]] * len(MANY)
        router._core.map, router._core._read_at = shards, router._core._read_at - 10
        assert router.read(*REQUEST, at=at) == [(1,)]
        assert router._core.map is not shards


def test_not_even_an_empty_answer_goes_without_the_proof(cluster, router):
    """PostgreSQL knows that a month that is not there has no rows; but it may have been made where the shard is now."""
    question = router._core.wording(COUNT, CAMERAS[0], router._core.choose(CAMERAS[0], "primary"), local=True)[0]
    never = (CAMERAS[0], datetime(1990, 1, 1, tzinfo=UTC))
    assert at_source(cluster, router._core.map, question, *never) == []
    with moved_and_changed(cluster, router) as shards, pytest.raises(DivisionByZero):
        at_source(cluster, shards, question, *never)


def test_asyncio_does_not_read_the_old_rows_either(cluster, router):
    async def ask() -> None:
        async with AsyncRouter.from_inventory(cluster.path) as asked:
            before = asked._core.map
            assert await asked.read(*REQUEST) == [(0,)]
            with moved_and_changed(cluster, router) as shards:
                assert at_source(cluster, shards, OLD, *REQUEST[2]) == [(0,)]
                asked._core.map = before
                assert await asked.read(*REQUEST) == [(1,)]
                asked._core.map = before
                assert await asked.read_many(MANY, COUNT) == [[(1,)]] * len(MANY)

    asyncio.run(ask())


def test_a_shard_that_is_gone_is_answered_by_the_table(cluster, router):
    for prepare in (False, True):
        assert router.read(*REQUEST, prepare=prepare) == [(0,)]
    with moved_and_changed(cluster, router) as shards:
        until(lambda: at_source(cluster, shards, "SELECT to_regclass('{}') IS NULL") == [(True,)])
        for prepare in (False, True):
            router._core.map = shards
            assert router.read(*REQUEST, prepare=prepare) == [(1,)]
            router._core.map = shards
            assert router.read_many(MANY, COUNT, prepare=prepare) == [[(1,)]] * len(MANY)


def test_a_camera_that_got_a_shard_of_its_own_is_found_there(cluster, router):
    shards = router._core.map
    camera = next(each for each in CAMERAS if shards.bounds[shards.position(each)] != camera_hash(each))
    request = (camera, COUNT, (camera, MOMENT))
    router.write(camera, INSERT, (camera, MOMENT, 0), retry=True)
    router.write(camera, "INSERT INTO cameras (id, name) VALUES (%s, 'test')", (camera,))
    assert router.read(*request, prepare=True) == [(0,)]
    isolated = cluster.camgrid("shards", "isolate", str(camera), "--yes")
    assert isolated.returncode == 0, isolated.stderr
    router.write(camera, INSERT, (camera, MOMENT, 1), retry=True)
    for prepare in (False, True):
        router._core.map = shards
        assert router.read(*request, prepare=prepare) == [(1,)]
        router._core.map = shards
        assert router.read_many([(camera, request[2])] * 3, COUNT, prepare=prepare) == [[(1,)]] * 3
    with Router.from_inventory(cluster.path) as reader:
        text, at_shard = reader._core.wording(COUNT, camera, reader._core.choose(camera, "primary"), local=True)
        assert at_shard
        assert reader.read(*request) == reader.read(camera, text, request[2]) == [(1,)]
