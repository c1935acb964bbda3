"""camgrid.router reads a camera's own shard by its name: the same answers as through the table, by every way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from camgrid.errors import UsageError
from camgrid.router import AsyncRouter, Router
from tests.cluster.support import Cluster
from tests.cluster.test_router import EVERY_WAY, INSERT
from tests.cluster.waiting import until

CAMERAS = range(913_000, 913_040)
MOMENT = datetime.now(UTC)
COUNT = 'SELECT count_in FROM {counting_results} WHERE camera_id = %s AND "timestamp" = %s'
JOINED = """
    SELECT counting_results.count_in, l.count_in
    FROM {counting_results} LEFT JOIN {camera_latest} AS l USING (camera_id)
    WHERE camera_id = %s AND counting_results."timestamp" = %s"""
TABLES = ("camera_events", "camera_latest", "counting_results", "counts_daily", "counts_hourly")
# What only readers may read.
SUMS = ("counts_hourly", "counts_daily")


@pytest.fixture(scope="module")
def path(cluster: Cluster) -> Iterator[str]:
    """The inventory of a cluster where each camera has one result, whose count is its own number."""
    with Router.from_inventory(cluster.path, "writer") as router:
        for camera in CAMERAS:
            assert router.write(camera, INSERT, (camera, MOMENT, camera), retry=True) == [(camera,)]
    yield str(cluster.path)
    with cluster.connect("admin") as conn:
        query = 'DELETE FROM counting_results WHERE camera_id = ANY(%s) AND "timestamp" = %s'
        conn.execute(query, (list(CAMERAS), MOMENT))


@pytest.fixture
def router(path: str) -> Iterator[Router]:
    with Router.from_inventory(path) as made:
        yield made


@pytest.fixture
def texts(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What servers are sent, in order: the answers alone do not tell by which way they came."""
    sent: list[str] = []

    def spy(method):
        def noted(self, query, *arguments, **keywords):
            sent.append(query)
            return method(self, query, *arguments, **keywords)

        return noted

    for kind in (psycopg.Cursor, psycopg.AsyncCursor):
        monkeypatch.setattr(kind, "execute", spy(kind.execute))
        monkeypatch.setattr(kind, "executemany", spy(kind.executemany))
    return sent


def only_shards(texts: list[str], table: str, sharded: bool) -> bool:
    """Whether all questions about a table went to shards, or none where nothing is sharded."""
    about = [text for text in texts if table in text and "pg_dist_shard" not in text]
    texts.clear()
    return bool(about) and all(("pg_dist_placement" in text) == sharded for text in about)


@pytest.mark.parametrize("prepare", [False, True])
@pytest.mark.parametrize("at", EVERY_WAY)
def test_every_way_gives_the_cameras_own_rows(cluster, router, texts, at, prepare):
    for camera in CAMERAS:
        found = until(lambda camera=camera: router.read(camera, COUNT, (camera, MOMENT), at=at, prepare=prepare))
        assert found == [(camera,)]
    assert router.read(CAMERAS[0], COUNT, (1, MOMENT), at=at) == []
    assert router.read_many([(camera, (camera, MOMENT)) for camera in CAMERAS], COUNT, at=at, prepare=prepare) == [
        [(camera,)] for camera in CAMERAS
    ]
    assert only_shards(texts, "counting_results", cluster.topology.sharded)


def test_two_tables_of_one_camera_are_joined_in_its_shard(cluster, router, texts):
    camera = CAMERAS[0]
    [(count, latest)] = router.read(camera, JOINED, (camera, MOMENT))
    assert (count, latest) in ((camera, camera), (camera, None))  # the rollups' job may not have come by yet
    assert only_shards(texts, "counting_results", cluster.topology.sharded)


@pytest.mark.parametrize(
    ("role", "table"),
    [*(("reader", table) for table in TABLES), *(("writer", table) for table in TABLES if table not in SUMS)],
)
def test_who_may_read_a_table_may_read_its_shards(cluster, path, texts, role, table):
    with Router.from_inventory(path, role) as router:
        for camera in CAMERAS:
            router.read(camera, f"SELECT * FROM {{{table}}} WHERE camera_id = %s LIMIT 1", (camera,))
    assert only_shards(texts, table, cluster.topology.sharded)


def test_the_same_with_asyncio(cluster, path, texts):
    async def ask() -> None:
        async with AsyncRouter.from_inventory(path) as router:
            for at in EVERY_WAY:
                found = await asyncio.gather(*(router.read(each, COUNT, (each, MOMENT), at=at) for each in CAMERAS))
                assert found == [[(camera,)] for camera in CAMERAS]
                many = await router.read_many([(camera, (camera, MOMENT)) for camera in CAMERAS], COUNT, at=at)
                assert many == found

    asyncio.run(ask())
    assert only_shards(texts, "counting_results", cluster.topology.sharded)


def test_what_shards_do_not_answer_the_table_does(cluster, router):
    """A query in which Citus has to take part, one that is wrong, and one that would write to a shard."""
    assert router.read(CAMERAS[0], "SELECT tableoid > 0 FROM {counting_results} WHERE camera_id = %s LIMIT 1",
                       (CAMERAS[0],)) == [(True,)]  # fmt: skip
    for work in (router.read, lambda camera, query: router.read_many([(camera, ()), (CAMERAS[1], ())], query)):
        with pytest.raises(psycopg.errors.UndefinedColumn):
            work(CAMERAS[0], "SELECT nothing FROM {counting_results}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        router.read(CAMERAS[0], "DELETE FROM {counting_results} WHERE camera_id = %s", (CAMERAS[0],))
    assert {state["failures"] for state in router.states()} == {0}


def test_an_unknown_table_is_named(cluster, router):
    error = UsageError if cluster.topology.sharded else psycopg.errors.UndefinedTable
    with pytest.raises(error, match="camera_lastest"):
        router.read(CAMERAS[0], "SELECT 1 FROM {camera_lastest}")
