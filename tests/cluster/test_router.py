"""camgrid.router against a cluster: right answers by every way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camgrid.router import AsyncRouter, Router
from camgrid.router.camera_hash import camera_hash
from tests.cluster.support import Cluster
from tests.cluster.waiting import until

CAMERAS = range(910_000, 910_012)
MOMENT = datetime.now(UTC)
INSERT = """
    INSERT INTO counting_results (camera_id, "timestamp", count_in) VALUES (%s, %s, %s)
    ON CONFLICT (camera_id, zone_id, "timestamp") DO UPDATE SET count_in = excluded.count_in RETURNING count_in"""
COUNT = 'SELECT count_in FROM counting_results WHERE camera_id = %s AND "timestamp" = %s'
TOTAL = 'SELECT sum(count_in) FROM counting_results WHERE camera_id = ANY(%s) AND "timestamp" = %s'
EVERY_WAY = ("primary", "verified", "replica")
INTEGERS = st.integers(-(2**31), 2**31 - 1)


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


@pytest.fixture(scope="module")
def router(path: str) -> Iterator[Router]:
    with Router.from_inventory(path) as made:
        yield made


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.lists(INTEGERS, min_size=200, max_size=400))
def test_the_hash_is_the_servers(cluster, numbers):
    hashed = cluster.rows(
        "SELECT hashint4(n) FROM unnest(%s::integer[]) WITH ORDINALITY AS t (n, i) ORDER BY i", numbers
    )
    assert [row[0] for row in hashed] == [camera_hash(number) for number in numbers]


@pytest.mark.parametrize("at", EVERY_WAY)
def test_every_way_of_reading_gives_the_cameras_own_rows(router, at):
    for camera in CAMERAS:
        assert until(lambda camera=camera: router.read(camera, COUNT, (camera, MOMENT), at=at)) == [(camera,)]


def test_many_cameras_are_answered_in_the_order_of_the_questions(router):
    cameras = [*CAMERAS, *reversed(CAMERAS)] * 20
    found = router.read_many([(camera, (camera, MOMENT)) for camera in cameras], COUNT)
    assert found == [[(camera,)] for camera in cameras]


def test_endpoints_answer_for_all_cameras(path, router):
    question, wanted = (TOTAL, (list(CAMERAS), MOMENT)), [(sum(CAMERAS),)]
    assert router.ask("write", *question) == wanted
    assert until(lambda: router.ask("read", *question) == wanted)
    with Router.from_inventory(path, "reporter") as reporter:
        assert until(lambda: reporter.analytics(*question) == wanted)


def test_the_newest_results_are_read_by_one_call(cluster, router):
    if not cluster.value("SELECT to_regclass('camgrid.camera_latest') IS NOT NULL"):
        pytest.skip("this database has no camera_latest")
    camera = cluster.value("SELECT coalesce(min(camera_id), 1) FROM camera_latest")
    query = "SELECT * FROM camera_latest WHERE camera_id = %s ORDER BY zone_id"
    assert router.latest(camera) == cluster.rows(query, camera)


def test_the_same_with_asyncio(path):
    async def ask() -> None:
        async with AsyncRouter.from_inventory(path) as router:
            for at in EVERY_WAY:
                found = await asyncio.gather(*(router.read(each, COUNT, (each, MOMENT), at=at) for each in CAMERAS))
                assert found == [[(camera,)] for camera in CAMERAS]
            many = await router.read_many([(camera, (camera, MOMENT)) for camera in CAMERAS], COUNT)
            assert many == [[(camera,)] for camera in CAMERAS]
            assert await router.ask("write", TOTAL, (list(CAMERAS), MOMENT)) == [(sum(CAMERAS),)]
        async with AsyncRouter.from_inventory(path, "writer") as writer:
            assert await writer.write(CAMERAS[0], INSERT, (CAMERAS[0], MOMENT, CAMERAS[0]), retry=True)
            async with writer.connection(CAMERAS[0]) as conn, conn.transaction():
                assert await (await conn.execute(COUNT, (CAMERAS[0], MOMENT))).fetchall() == [(CAMERAS[0],)]

    asyncio.run(ask())


def test_a_program_without_an_inventory_needs_a_few_settings_only(cluster, router):
    exported = cluster.json("endpoints", "--role", "reader")
    password = router._core.settings.password
    for changed in ({}, {"nodes": {}}, {"direct": True}):
        with Router.from_settings(exported | {"password": password} | changed) as made:
            assert made.read(CAMERAS[0], COUNT, (CAMERAS[0], MOMENT)) == [(CAMERAS[0],)]


def test_a_wrong_query_is_told_at_once_and_blames_no_node(router):
    for work in (router.read, lambda camera, query: router.read_many([(camera, ())], query)):
        with pytest.raises(psycopg.errors.UndefinedColumn):
            work(CAMERAS[0], "SELECT nothing FROM counting_results")
    assert {state["failures"] for state in router.states()} == {0}
