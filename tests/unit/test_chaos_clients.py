"""Clients of the load: the same write again after an error, a deadline, no identity twice."""

from __future__ import annotations

import socket
import time

import psycopg
import pytest

from camgrid.chaos import clients
from camgrid.chaos.clients import Counts, Deadlines, Pairs, kind
from camgrid.chaos.ledger import Ledger


class Flaky:
    """A connection that fails with each of errors before it stores anything."""

    def __init__(self, errors: list[Exception]) -> None:
        self.errors, self.tried, self.opened = errors, [], 0

    def connect(self, **_: object) -> Flaky:
        self.opened += 1
        return self

    def execute(self, _: str, row: tuple) -> None:
        self.tried.append(row)
        if self.errors:
            raise self.errors.pop(0)

    def close(self) -> None:
        pass


@pytest.fixture
def ledger(tmp_path):
    made = Ledger(tmp_path / "ledger.jsonl")
    yield made
    made.close()


def counts(ledger, monkeypatch, *errors):
    server = Flaky(list(errors))
    monkeypatch.setattr(clients.psycopg, "connect", server.connect)
    monkeypatch.setattr(clients, "PAUSE_S", 0)
    return Counts("write", {}, ledger, Deadlines(), cameras=[800_001, 800_002], zone=4), server


def test_after_an_error_the_same_write_is_sent_on_a_new_connection(ledger, monkeypatch):
    client, server = counts(ledger, monkeypatch, psycopg.OperationalError("gone"), psycopg.errors.AdminShutdown("x"))
    client.step()
    assert len(server.tried) == 3
    assert len(set(server.tried)) == 1
    assert server.opened == 3
    assert ledger.acknowledged == {0}
    assert sorted(ledger.errors) == ["57P01 AdminShutdown", "gone"]


def test_a_write_is_not_acknowledged_before_it_succeeds(ledger, monkeypatch):
    client, _ = counts(ledger, monkeypatch, psycopg.OperationalError("gone"))
    client._until = 0
    client.step()
    assert (len(ledger.sent), ledger.acknowledged) == (1, set())


def test_no_two_writes_have_one_identity(ledger):
    client = Counts("write", {}, ledger, Deadlines(), cameras=[800_001], zone=4)
    pairs = Pairs("pair", {}, ledger, Deadlines(), pairs=[(800_001, 800_002)])
    assert len({client.rows() for _ in range(1000)}) == 1000
    first, second = pairs.rows()
    assert (first.key, first.timestamp) == (second.key, second.timestamp)
    assert first.camera != second.camera
    assert pairs.rows()[0].key != first.key


class Socket:
    """A connection that reads from a socket on which nothing ever comes."""

    def __init__(self) -> None:
        self.mine, self.far = socket.socketpair()

    def fileno(self) -> int:
        return self.mine.fileno()

    def wait(self) -> None:
        if self.mine.recv(1) == b"":
            raise psycopg.OperationalError("server closed the connection unexpectedly")


def test_a_statement_that_does_not_return_is_given_up(monkeypatch):
    monkeypatch.setattr(clients, "DEADLINE_S", 0.1)
    deadlines = Deadlines()
    deadlines.start()
    conn = Socket()
    started = time.monotonic()
    with pytest.raises(TimeoutError, match="no answer"), deadlines.limit(conn):
        conn.wait()
    assert time.monotonic() - started < 2
    deadlines.end()
    conn.mine.close()
    conn.far.close()


def test_a_mistake_of_a_client_is_kept_for_whoever_started_it(ledger, monkeypatch):
    client, _ = counts(ledger, monkeypatch, KeyError("zone"))
    client.start()
    client.join(5)
    assert client.broken == "KeyError: 'zone'"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (psycopg.errors.ReadOnlySqlTransaction("x"), "25006 ReadOnlySqlTransaction"),
        (
            psycopg.OperationalError(
                'connection to server at "10.0.0.5", port 5000 failed: Connection refused\n\tIs it up?'
            ),
            "Connection refused",
        ),
        (
            psycopg.OperationalError("server closed the connection unexpectedly\n\tThis probably means\n\tsomething"),
            "server closed the connection unexpectedly",
        ),
        (TimeoutError("no answer within 15 s"), "no answer within 15 s"),
        (psycopg.OperationalError(""), "OperationalError"),
    ],
)
def test_errors_are_told_in_a_few_words_without_addresses(error, says):
    assert kind(error) == says
