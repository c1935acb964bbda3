"""Queries with tables in braces: what each place is asked."""

from __future__ import annotations

import psycopg
import pytest

from camgrid.errors import UsageError
from camgrid.router import wording
from camgrid.router.core import Core
from tests.unit.test_router_plan import ONE, TWO, core

LATEST = "SELECT * FROM {camera_latest} WHERE camera_id = %s"
# Braces that PostgreSQL reads as part of something else, as programs write them without knowing of us.
UNTOUCHED = [
    "SELECT 1",
    """SELECT '{"a":1}'::jsonb, '{1,2}'::integer[], '{camera_latest}'::text[], '{{1},{2}}'""",
    r"SELECT E'it\'s {camera_latest}', 'it''s {camera_latest}'",
    'SELECT 1 AS "{camera_latest}"',
    "SELECT $${camera_latest}$$, $x$ $$ {camera_latest} $x$",
    "SELECT 1 -- don't: {camera_latest}\n /* nor {camera_latest} */",
]


def asked(core: Core, query, camera: int, *, local: bool = True) -> tuple[str, bool]:
    return core.wording(query, camera, core.choose(camera, "primary"), local=local)


@pytest.mark.parametrize("camera", [ONE, TWO])
def test_a_node_is_asked_for_the_cameras_own_shard_and_proves_that_it_has_it(camera):
    text, at_shard = asked(core(), LATEST, camera)
    number = {ONE: 11, TWO: 12}[camera]
    assert at_shard
    assert (
        f"SELECT * FROM camgrid.camera_latest_{number} AS camera_latest WHERE camera_id = %s\n) AS answer LIMIT" in text
    )
    assert f"pg_dist_placement WHERE shardid = {number})" in text


@pytest.mark.parametrize("end", [";", " ; ", "\n", " -- newest"])
def test_a_query_may_end_as_it_does_in_a_file(end):
    text, _ = asked(core(), LATEST + end, ONE)
    assert text.count(";") == 0
    assert "\n) AS answer LIMIT" in text


def test_a_query_is_worded_once_for_a_shard():
    made = core()
    assert asked(made, LATEST, ONE)[0] is asked(made, LATEST, ONE)[0]


@pytest.mark.parametrize(
    ("after", "named"),
    [("", False), (" WHERE true", False), (") x", False), (", b", False), ("\nORDER BY 1", False),
     (" LEFT JOIN b", False), (" AS l", True), (" l WHERE true", True), (" l", True), (" whereabouts", True)],
)  # fmt: skip
def test_a_table_keeps_its_name_in_the_query_unless_it_is_given_another(after, named):
    assert (" AS camera_latest" not in asked(core(), "SELECT 1 FROM {camera_latest}" + after, ONE)[0]) == named


@pytest.mark.parametrize("query", [*UNTOUCHED, b"SELECT 1 FROM {camera_latest}", psycopg.sql.SQL("SELECT {}")])
def test_a_query_without_tables_in_braces_stays_the_same_object(query):
    assert asked(core(), query, ONE) == (query, False)
    assert asked(core(), query, ONE)[0] is query


@pytest.mark.parametrize("query", UNTOUCHED[1:])
def test_literals_stay_beside_tables_in_braces(query):
    assert wording.plain(f"{query}\n{LATEST}") == f"{query}\n{LATEST}".replace(
        "FROM {camera_latest}", "FROM camgrid.camera_latest"
    )


def test_the_table_itself_is_asked_for_where_no_shard_is_known():
    flat, blind, known = core(), core(nodes={}), core()
    flat.learn(None)
    plain = ("SELECT * FROM camgrid.camera_latest WHERE camera_id = %s", False)
    assert asked(flat, LATEST, ONE) == asked(blind, LATEST, ONE) == asked(known, LATEST, ONE, local=False) == plain
    assert known.wording(LATEST, ONE, known.endpoint("ingest"), local=True) == plain
    # Not distributed yet, while others are.
    assert asked(known, LATEST.replace("latest}", "events}"), ONE)[0] == plain[0].replace("latest", "events")


def test_an_unknown_table_is_refused_with_the_known_ones():
    for local in (True, False):
        with pytest.raises(UsageError, match=r"no table of cameras \{camera_lastest\}") as caught:
            asked(core(), "SELECT * FROM {camera_lastest}", ONE, local=local)
        assert "camera_latest" in caught.value.hint
