"""Ends what the server does not end by itself: a node that is frozen never says that its time is over."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress

import psycopg

# How much later than statement_timeout; a cancel that works takes less.
GRACE_S = 5


def cut(connection: psycopg.Connection) -> None:
    """Ends a connection that another thread may be waiting for, which wakes up with an error."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


class Deadline:
    """While it is entered, a connection is cut off `seconds` from then. expired says whether that was done."""

    def __init__(self, connection: psycopg.Connection, seconds: float) -> None:
        self._connection, self._timer = connection, threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self.expired = False

    def _cut(self) -> None:
        self.expired = True
        cut(self._connection)

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
