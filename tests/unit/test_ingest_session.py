"""Which failures of the database an import sits out, and what it says about the others."""

from __future__ import annotations

from types import SimpleNamespace

import psycopg
import pytest

from camgrid.errors import CamgridError
from camgrid.ingest import session
from camgrid.ingest.session import Session

LOST = psycopg.OperationalError("server closed the connection unexpectedly\n\tThis probably means\n")


class Connection:
    info = SimpleNamespace(host="g0m1", port=5432)

    def close(self):
        pass


@pytest.fixture
def waits(monkeypatch):
    slept = []
    monkeypatch.setattr(session.Session, "_pause", lambda self, seconds: slept.append(seconds))
    return slept


def failing(*errors):
    """Work that fails so often, one error after the other, and then returns."""
    left = list(errors)

    def work(connection):
        if left:
            raise left.pop(0)
        return "done"

    return work


@pytest.mark.parametrize(
    "error",
    [
        LOST,
        psycopg.errors.AdminShutdown("terminating connection"),
        psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT in a read-only transaction"),
        psycopg.errors.SerializationFailure("could not serialize"),
        psycopg.errors.ConnectionFailure("connection to the remote node failed"),
        psycopg.errors.LockNotAvailable("canceling statement due to lock timeout"),
    ],
)
def test_what_passes_is_tried_again_on_a_new_connection(waits, error):
    opened = []
    database = Session(lambda: opened.append(1) or Connection())
    assert database.do(failing(error, error)) == "done"
    assert len(opened) == 3
    assert len(waits) == 2


def test_it_waits_longer_than_a_failover_and_then_gives_up(waits):
    with pytest.raises(CamgridError, match=r"server closed the connection unexpectedly$") as refusal:
        Session(Connection).do(failing(*[LOST] * 99))
    assert sum(waits) > 30
    assert refusal.value.where == "g0m1:5432"


def test_a_defect_is_not_tried_again(waits):
    with pytest.raises(CamgridError, match="permission denied"):
        Session(Connection).do(failing(psycopg.errors.InsufficientPrivilege("permission denied")))
    assert not waits


def test_a_full_disk_says_where_and_what_to_do(waits):
    with pytest.raises(CamgridError, match="the disk is full: could not extend") as refusal:
        Session(Connection).do(failing(*[psycopg.errors.DiskFull("could not extend file")] * 99))
    assert refusal.value.where == "g0m1:5432"
    assert refusal.value.hint
    assert 0 < sum(waits) < 30


def test_a_partition_that_is_dropped_meanwhile_is_named():
    error = psycopg.errors.CheckViolation('no partition of relation "counting_results" found for row')
    with pytest.raises(CamgridError, match="a partition went away"):
        Session(Connection).do(failing(error))


def test_a_first_connection_that_fails_fails_at_once_a_later_one_does_not(waits):
    answers = [CamgridError("nobody answers there")]

    def connect():
        if answers:
            raise answers.pop()
        return Connection()

    database = Session(connect)
    with pytest.raises(CamgridError, match="nobody answers"):
        database.do(failing())
    assert database.do(failing()) == "done"
    answers += [CamgridError("nobody answers there")] * 2
    assert database.do(failing(LOST)) == "done"
    assert len(waits) == 3
