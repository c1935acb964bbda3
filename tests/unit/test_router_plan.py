"""Whom the router asks, and what becomes of a call that failed."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors as pg

from camgrid.errors import UsageError
from camgrid.router import AmbiguousWriteError, Settings, UnreachableError
from camgrid.router.camera_hash import camera_hash
from camgrid.router.core import READ_AT, Attempts, Core

NODES = {f"g{group}m{member}": f"10.0.{group}.{member}" for group in (1, 2) for member in (1, 2)}
ONE = next(camera for camera in range(1, 100) if camera_hash(camera) < 0)
TWO = next(camera for camera in range(1, 100) if camera_hash(camera) >= 0)
GONE = psycopg.OperationalError("server closed the connection unexpectedly")
READ_ONLY = pg.ReadOnlySqlTransaction("writing to worker nodes is not currently allowed")


def core(primaries: tuple[str, ...] = ("g1m1", "g2m1"), **changed) -> Core:
    given = {"user": "camgrid_reader", "sslrootcert": "ca.crt", "proxies": ("10.0.0.5", "10.0.0.6"), "nodes": NODES}
    made = Core(Settings(**given | changed))
    nodes = [[name, int(name[1]), name in primaries] for name in sorted(NODES)]
    tables = {"camera_latest": [[-(2**31), 11, "camgrid.camera_latest_11"], [0, 12, "camgrid.camera_latest_12"]]}
    made.learn({"hash": camera_hash(1), "shards": [[-(2**31), 1], [0, 2]], "tables": tables, "nodes": nodes})
    return made


def told(work, *arguments, **options) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one it is, the test says
        work(*arguments, **options)
    return caught.value


@pytest.mark.parametrize("target", ["primary", "verified", "write"])
def test_a_camera_is_asked_of_its_groups_primary(target):
    assert [core().choose(camera, target).name for camera in (ONE, TWO)] == ["g1m1", "g2m1"]


def test_a_replica_is_asked_where_that_is_enough():
    assert core().choose(ONE, "replica").name == "g1m2"


@pytest.mark.parametrize(("target", "endpoint"), [("primary", "ingest"), ("write", "ingest"), ("verified", "ingest")])
def test_a_primary_that_does_not_answer_is_replaced_by_any_node(target, endpoint):
    asked = core()
    primary = asked.nodes["g1m1"]
    assert asked.choose(ONE, target, avoided=primary).name == f"endpoint {endpoint}"
    for _ in range(5):
        primary.failed(GONE, broken=True)
    assert asked.choose(ONE, target).name == f"endpoint {endpoint}"
    assert asked.choose(TWO, target).name == "g2m1"


def test_a_primary_that_became_a_replica_answers_only_reads_of_replicas():
    asked = core()
    asked.nodes["g1m1"].failed(READ_ONLY, broken=False)
    assert asked.choose(ONE, "primary").name == "endpoint ingest"
    assert asked.nodes["g1m1"].breaker.failures == 0
    assert asked.choose(ONE, "replica", avoided=asked.nodes["g1m2"]).name == "g1m1"


def test_an_error_that_another_node_caused_is_not_held_against_who_reports_it():
    place = core().nodes["g1m1"]
    place.failed(pg.ConnectionFailure("connection to the remote node failed"), broken=False)
    assert place.breaker.failures == 0


def test_without_shards_or_addresses_everything_goes_through_the_proxies():
    blind, flat = core(nodes={}), core()
    flat.learn(None)
    for asked in (blind, flat):
        found = {at: asked.choose(ONE, at).name.removeprefix("endpoint ") for at in (*READ_AT, "write")}
        assert found == {"primary": "ingest", "verified": "ingest", "write": "ingest", "replica": "read"}


def test_without_proxies_every_endpoint_is_the_primary():
    direct = Settings(user="camgrid_reader", sslrootcert="ca.crt", primaries=("10.0.0.1",))
    parameters = Core(direct).endpoints["read"].parameters
    assert (parameters["host"], parameters["port"]) == ("10.0.0.1", "5432")
    assert parameters["target_session_attrs"] == "read-write"


def test_an_unknown_target_is_refused_by_name():
    assert "no way to read at 'master'" in str(told(core().choose, ONE, "master"))
    assert isinstance(told(core().endpoint, "master"), UsageError)


def attempts(**changed) -> Attempts:
    return Attempts(**{"writes": False, "repeatable": True} | changed)


def failed(story: Attempts, error: psycopg.Error, *, sent: bool = True) -> float:
    return story.failed(core().nodes["g1m1"], error, sent=sent, broken=True)


def test_a_read_is_tried_once_more_at_once_and_then_given_up():
    story = attempts()
    assert failed(story, GONE) == 0.0
    assert isinstance(told(failed, story, GONE), UnreachableError)


@pytest.mark.parametrize("error", [READ_ONLY, pg.CannotConnectNow(), pg.DeadlockDetected(), pg.TooManyConnections()])
def test_a_write_that_was_certainly_not_done_is_tried_once_more(error):
    story = attempts(writes=True, repeatable=False)
    assert failed(story, error) == 0.0
    assert isinstance(told(failed, story, error), UnreachableError)


def test_a_write_that_found_no_connection_is_tried_once_more():
    assert failed(attempts(writes=True, repeatable=False), GONE, sent=False) == 0.0


@pytest.mark.parametrize(
    "error", [GONE, pg.AdminShutdown("terminating"), pg.CrashShutdown(), psycopg.InternalError("x")]
)
def test_a_write_that_may_have_been_done_is_never_repeated_unasked(error):
    caught = told(failed, attempts(writes=True, repeatable=False), error)
    assert isinstance(caught, AmbiguousWriteError)
    assert caught.__cause__ is error


def test_a_repeatable_write_that_failed_twice_still_may_have_been_done():
    story = attempts(writes=True)
    failed(story, GONE)
    assert isinstance(told(failed, story, GONE, sent=False), AmbiguousWriteError)


@pytest.mark.parametrize("error", [pg.UniqueViolation(), pg.SyntaxError(), pg.ProtocolViolation("query_timeout"),
                                   psycopg.OperationalError("password authentication failed")])  # fmt: skip
def test_what_would_fail_again_is_told_as_it_is(error):
    assert told(failed, attempts(), error) is error


def test_patience_goes_on_with_growing_pauses_until_its_end():
    clock = [0.0]
    story = attempts(patience_s=10, clock=lambda: clock[0])
    pauses = [failed(story, GONE) for _ in range(8)]
    assert pauses[0] == 0.0
    assert all(
        0.5 * low <= pause <= 1.5 * low for low, pause in zip([0.05, 0.1, 0.2, 0.4, 0.8, 1, 1], pauses[1:], strict=True)
    )
    clock[0] = 10
    assert isinstance(told(failed, story, GONE), UnreachableError)
