"""What becomes of a query that a shard did not answer, and of the connection after many."""

from __future__ import annotations

from types import SimpleNamespace

import psycopg
import pytest
from psycopg import errors as pg

from camgrid.router import Router, statements
from camgrid.router.core import Place
from tests.unit.test_router_plan import ONE, core
from tests.unit.test_router_wording import LATEST


class Told(Router):
    """A router whose nodes answer as the test says; it keeps what they were asked."""

    def __init__(self, **answers: Exception) -> None:
        self._core, self._patience_s = core(), 0.0
        self.asked, self.refreshed, self.answers = [], 0, answers

    def _take(self, place: Place, writes: bool = False):
        place.pool = SimpleNamespace(putconn=lambda conn: None)
        return SimpleNamespace(closed=False, execute=self.execute)

    def execute(self, query, params, prepare):
        self.asked.append(query)
        if error := self.answers.get("shard" if "pg_dist_placement" in query else "table"):
            raise error
        return SimpleNamespace(pgresult=SimpleNamespace(status=psycopg.pq.ExecStatus.TUPLES_OK), fetchall=lambda: [1])

    def refresh(self, known=None):
        self.refreshed += 1


@pytest.mark.parametrize(
    "error", [pg.DivisionByZero(), pg.UndefinedTable(), pg.InternalError_(), pg.FeatureNotSupported()]
)
def test_what_a_shard_does_not_answer_the_table_answers(error):
    router = Told(shard=error)
    router._core._read_at -= 10
    assert router.read(ONE, LATEST, (ONE,)) == [1]
    assert [("pg_dist" in query) for query in router.asked] == [True, False]
    assert router.refreshed == (0 if isinstance(error, pg.FeatureNotSupported) else 1)


def test_the_map_is_not_read_again_for_every_query_that_divides_by_zero():
    router = Told(shard=pg.DivisionByZero(), table=pg.DivisionByZero())
    for _ in range(3):
        with pytest.raises(pg.DivisionByZero):
            router.read(ONE, LATEST, (ONE,))
    assert router.refreshed == 0


def test_a_query_that_took_too_long_is_not_asked_twice():
    router = Told(shard=pg.QueryCanceled())
    with pytest.raises(pg.QueryCanceled):
        router.read(ONE, LATEST, (ONE,))
    assert len(router.asked) == 1


@pytest.mark.parametrize("prepare", [False, True])
def test_many_unprepared_queries_leave_a_connection_that_prepares(prepare):
    seen = []
    conn = SimpleNamespace(prepare_threshold=0)
    cursor = SimpleNamespace(executemany=lambda *_, **__: seen.append(conn.prepare_threshold), results=list)
    conn.cursor = lambda: cursor
    assert statements.many(conn, [("SELECT 1", ())] * 2, prepare) == []
    assert (seen, conn.prepare_threshold) == ([0 if prepare else None], 0)


def test_a_write_never_names_a_shard():
    router = Told()
    router.write(ONE, "DELETE FROM {camera_latest} WHERE camera_id = %s", (ONE,))
    assert router.asked == ["DELETE FROM camgrid.camera_latest WHERE camera_id = %s"]
