"""Clients as applications are: each has one connection and a deadline, and tries again until it is acknowledged."""

from __future__ import annotations

import os
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any
from uuid import uuid4

import psycopg

from camgrid.chaos.ledger import Ledger, Row, Write

# Seconds between two writes of a client: with six clients two cores are busy, and not full.
INTERVAL_S = 0.04
# Seconds that a statement gets before its connection is given up.
DEADLINE_S = 15
# Seconds between an error and the next try: enough not to be a storm, and small beside what is measured.
PAUSE_S = 0.1
# Seconds that a client may go on trying its last write once it is told to stop.
GRACE_S = 5
# Characters of an error that say what sort it is.
_KIND_LENGTH = 60

_COUNT = """
    INSERT INTO camgrid.counting_results (camera_id, zone_id, "timestamp", count_in)
    VALUES (%s, %s, %s, 1) ON CONFLICT DO NOTHING
"""
_EVENT = """
    INSERT INTO camgrid.camera_events (camera_id, id, "timestamp", event_type)
    VALUES (%s, %s, %s, 'motion') ON CONFLICT DO NOTHING
"""


class Deadlines(threading.Thread):
    """Shuts the sockets of statements that have not returned in time, as nothing in libpq does."""

    def __init__(self) -> None:
        super().__init__(name="deadlines", daemon=True)
        self._lock = threading.Lock()
        self._running: dict[int, tuple[psycopg.Connection, float]] = {}
        self._expired: set[int] = set()
        self._ending = threading.Event()

    @contextmanager
    def limit(self, conn: psycopg.Connection) -> Iterator[None]:
        """What happens in it ends with TimeoutError after DEADLINE_S, and conn is of no more use then."""
        with self._lock:
            self._running[id(conn)] = (conn, time.monotonic() + DEADLINE_S)
        try:
            yield
        except psycopg.Error as error:
            if id(conn) in self._expired:
                raise TimeoutError(f"no answer within {DEADLINE_S} s") from error
            raise
        finally:
            with self._lock:
                self._running.pop(id(conn), None)
                self._expired.discard(id(conn))

    def run(self) -> None:
        while not self._ending.wait(0.2):
            with self._lock:
                late = [key for key, (_, deadline) in self._running.items() if deadline < time.monotonic()]
                for key in late:
                    conn, _ = self._running.pop(key)
                    self._expired.add(key)
                    with socket.socket(fileno=os.dup(conn.fileno())) as copy:
                        copy.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Watches no longer."""
        self._ending.set()


class Client(ABC, threading.Thread):
    """One application. It keeps on trying the same thing until it succeeds, on a new connection after each error.

    counts: whether its waiting counts as the time without writes or reads. Raises nothing: a mistake in the client
    itself is kept in `broken`.
    """

    reads = False

    def __init__(
        self, name: str, parameters: dict[str, Any], ledger: Ledger, deadlines: Deadlines, *, counts: bool = True
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.counts, self.broken = counts, ""
        self._parameters, self._ledger, self._deadlines = parameters, ledger, deadlines
        self._conn: psycopg.Connection | None = None
        self._ending = threading.Event()
        self._until = float("inf")

    def run(self) -> None:
        due = time.monotonic()
        try:
            while not self._ending.wait(max(0.0, due - time.monotonic())):
                # What was missed during an outage is not made up for: the load stays even.
                due = max(due + INTERVAL_S, time.monotonic())
                self.step()
        except Exception as error:  # noqa: BLE001 - shown by whoever started the load; a thread has nobody to raise to
            self.broken = f"{type(error).__name__}: {error}"
        finally:
            self._disconnect()

    def end(self) -> None:
        """Asks it to end after what it is at, within GRACE_S and a deadline."""
        self._until = time.monotonic() + GRACE_S
        self._ending.set()

    @abstractmethod
    def step(self) -> None:
        """One write or read, until it is done."""

    def _until_done(self, act: Any, *arguments: Any) -> bool:
        """Whether act(connection, *arguments) succeeded before the client had to end."""
        while True:
            try:
                self._conn = self._conn or psycopg.connect(**self._parameters, autocommit=True)
                with self._deadlines.limit(self._conn):
                    act(self._conn, *arguments)
                return True
            except (psycopg.Error, OSError) as error:
                self._ledger.fail(self.name, kind(error))
                self._disconnect()
            if time.monotonic() > self._until:
                return False
            time.sleep(PAUSE_S)

    def _disconnect(self) -> None:
        if self._conn:
            self._conn.close()
            self._conn = None


class Writer(Client):
    """Notes every write before it is sent, and again when it was acknowledged."""

    _last = datetime.min.replace(tzinfo=UTC)

    def step(self) -> None:
        write = self._ledger.send(self.name, self.rows())
        if self._until_done(self._store, write):
            self._ledger.acknowledge(self.name, write)

    @abstractmethod
    def rows(self) -> tuple[Row, ...]:
        """The rows of the next write, with identities that no other write has."""

    def now(self) -> datetime:
        """The time, and never the same one twice."""
        self._last = max(datetime.now(UTC), self._last + timedelta(microseconds=1))
        return self._last

    def _store(self, conn: psycopg.Connection, write: Write) -> None:
        statements = {"counting_results": _COUNT, "camera_events": _EVENT}
        if len(write.rows) == 1:
            (row,) = write.rows
            conn.execute(statements[row.table], row[1:])
            return
        with conn.transaction():
            for row in write.rows:
                conn.execute(statements[row.table], row[1:])


class Counts(Writer):
    """Stores single counts of cameras in turn; zone tells its rows from other clients'."""

    def __init__(self, *arguments: Any, cameras: list[int], zone: int, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._cameras, self._zone = cycle(cameras), zone

    def rows(self) -> tuple[Row, ...]:
        return (Row("counting_results", next(self._cameras), self._zone, self.now()),)


class Pairs(Writer):
    """Stores an event at two cameras in one transaction: on two nodes, where cameras are in different groups."""

    def __init__(self, *arguments: Any, pairs: list[tuple[int, int]], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._pairs = cycle(pairs)

    def rows(self) -> tuple[Row, ...]:
        key, now = str(uuid4()), self.now()
        return tuple(Row("camera_events", camera, key, now) for camera in next(self._pairs))


class Reads(Client):
    """Reads the newest count of cameras in turn."""

    reads = True

    def __init__(self, *arguments: Any, cameras: list[int], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._cameras = cycle(cameras)

    def step(self) -> None:
        query = "SELECT max(timestamp) FROM camgrid.counting_results WHERE camera_id = %s"
        camera = next(self._cameras)
        if self._until_done(lambda conn: conn.execute(query, (camera,)).fetchone()):
            self._ledger.read(self.name)


def kind(error: Exception) -> str:
    """What sort of error it is, in a few words without addresses: alike for errors that are alike."""
    if isinstance(error, psycopg.Error) and error.sqlstate:
        return f"{error.sqlstate} {type(error).__name__}"
    lines = str(error).strip().splitlines() or [type(error).__name__]
    # libpq's "connection to server at … failed: " comes before the cause and hints after it; psycopg lists all hosts.
    causes = [line for line in lines if "failed: " in line] or lines[:1]
    return causes[-1].split("failed: ")[-1].strip()[:_KIND_LENGTH]
