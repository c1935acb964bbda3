"""A connection that outlives failovers: work is tried again when trying again can help."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import TypeVar

import psycopg

from camgrid.console import say
from camgrid.errors import CamgridError

T = TypeVar("T")
Connect = Callable[[], psycopg.Connection]

# Seconds between the tries; together longer than the slowest failover takes.
_DELAYS = (0.5, 1, 2, 4, 8, 15, 15, 15)
_DISK_FULL = "53100"
UNIQUE_VIOLATION = "23505"
# A month that is being archived takes no rows for a while; it says so by this constraint.
_ARCHIVING = 'violates check constraint "archiving'
_LOCK_NOT_AVAILABLE = "55P03"
# COPY through Citus says XX000 for whatever a worker says at its end.
_WORDS = {
    "duplicate key value violates unique constraint": UNIQUE_VIOLATION,
    "No space left on device": _DISK_FULL,
    "read-only transaction": "25006",
    "the database system is": "57P03",
}
# A full disk seldom empties itself: two tries more, in case that a temporary file was all.
_DISK_DELAYS = (2, 5)
# Serialization failure, deadlock, a lock not had in time, read-only after a failover, shutdown, crash, still starting,
# too many connections, out of memory, a statement cancelled. Lost connections have no code, or one of class 08.
_TRANSIENT = {"40001", "40P01", _LOCK_NOT_AVAILABLE, "25006", "57P01", "57P02", "57P03", "53300", "53200", "57014"}
_WORKER = re.compile(r"while executing command on (\S+:\d+)")


class Session:
    """Runs work on a connection, a new one whenever the old one is in doubt."""

    def __init__(self, connect: Connect) -> None:
        """connect: opens a connection in autocommit mode, or raises CamgridError."""
        self._connect, self._connection = connect, None
        self.where = ""
        self._given_up = threading.Event()

    def do(self, work: Callable[[psycopg.Connection], T]) -> T:
        """What work returns. It must be safe to call again, whether its commit was heard of or not.

        Raises CamgridError, saying where, when the database keeps refusing.
        """
        first, tries = self._connection is None, 0
        while True:
            try:
                return work(self._connected())
            except psycopg.Error as error:
                self.close()
                delays, refusal = _delays(error), _refusal(error, self.where)
            except NoConnectionError as error:
                # Nothing has worked yet: a wrong password or name will not get better.
                delays, refusal = (() if first else _DELAYS), error.cause
            if tries >= len(delays):
                raise refusal
            say(f"{refusal.what}: trying again in {delays[tries]:g} s")
            if self._pause(delays[tries]):
                raise refusal
            tries += 1

    def give_up(self) -> None:
        """Ends the waiting between tries, from another thread: nobody wants the answer any more."""
        self._given_up.set()

    def _pause(self, seconds: float) -> bool:
        """Waits; returns whether somebody gave up meanwhile."""
        return self._given_up.wait(seconds)

    def close(self) -> None:
        """Closes the connection; the next work opens another."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            try:
                self._connection = self._connect()
            except CamgridError as error:
                raise NoConnectionError(error) from error
            self.where = f"{self._connection.info.host}:{self._connection.info.port}"
        return self._connection


class NoConnectionError(Exception):
    """No connection could be opened. cause: why, for the user."""

    def __init__(self, cause: CamgridError) -> None:
        super().__init__(str(cause))
        self.cause = cause


def code(error: psycopg.Error) -> str | None:
    """The SQLSTATE of an error; where Citus lost it on the way from a worker, the one that its words have."""
    if _ARCHIVING in str(error):
        return _LOCK_NOT_AVAILABLE
    if error.sqlstate != "XX000":
        return error.sqlstate
    return next((known for words, known in _WORDS.items() if words in str(error)), error.sqlstate)


def _delays(error: psycopg.Error) -> tuple[float, ...]:
    state = code(error)
    if state == _DISK_FULL:
        return _DISK_DELAYS
    lost = state is None and isinstance(error, psycopg.OperationalError)
    return _DELAYS if lost or (state or "").startswith("08") or state in _TRANSIENT else ()


def _refusal(error: psycopg.Error, where: str) -> CamgridError:
    lines = (error.diag.message_primary or str(error)).strip().splitlines()
    detail = lines[0] if lines else type(error).__name__
    # An error on a worker comes through the coordinator; Citus says in the context where it arose.
    if worker := _WORKER.search(error.diag.context or ""):
        detail += f" (on {worker[1]})"
    elif error.sqlstate == "XX000":
        where += ", or a worker behind it"
    if code(error) == _DISK_FULL:
        return CamgridError(
            f"the disk is full: {detail}", where=where, hint="make room there (df -h /var/lib/postgresql)"
        )
    if isinstance(error, psycopg.errors.CheckViolation) and "no partition" in detail:
        return CamgridError(f"a partition went away during the import: {detail}", where=where)
    return CamgridError(f"the database refused: {detail}", where=where)
