"""Runs one statement in one transaction and hands out its rows as they come."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import errors, pq

from camgrid.query import mistakes, statement, values
from camgrid.query.deadline import GRACE_S, Deadline

# Rows fetched at a time, where libpq can.
_STREAMED = 1000


@dataclass(frozen=True)
class Request:
    """What is to be run. timeout: seconds; limit: rows at most, None for all; write: whether it may change data."""

    text: str
    timeout: int
    limit: int | None
    write: bool = False


@contextmanager
def bounded(connection: psycopg.Connection, text: str, timeout: int) -> Iterator[None]:
    """Cuts the connection off when the server does not keep the timeout, and turns its errors into camgrid's."""
    seconds, host, user = timeout + GRACE_S, connection.info.host, connection.info.user
    with Deadline(connection, seconds) as deadline:
        try:
            yield
        except psycopg.Error as error:
            if deadline.expired:
                raise mistakes.silent(host, seconds) from error
            raise mistakes.explained(error, text, user, host, timeout) from error


class Answer:
    """The rows of a statement, once. columns: their names; status: what the server says of a statement without rows.

    cut: whether there were more rows than the limit, once they are through.
    """

    def __init__(self, connection: psycopg.Connection, request: Request) -> None:
        self._connection, self._request = connection, request
        self.cut, self.status = False, ""
        begin(connection, request.timeout, read_only=not request.write)
        self._text, self.columns = self._described()

    def rows(self) -> Generator[tuple, None, None]:
        """The rows, at most as many as the limit. A statement that writes is carried through whatever the limit is."""
        if not self.columns and statement.first_word(self._text) not in ("select", "with", "table"):
            # Described before, so it is known to be one statement.
            self.status = self._connection.execute(self._text).statusmessage or ""
            return
        size = _STREAMED if psycopg.capabilities.has_stream_chunked() else 1
        # A stream that is left early is cancelled, and holds the connection until it is closed.
        with closing(self._connection.cursor().stream(self._text, size=size)) as stream:
            for number, row in enumerate(stream):
                if self._request.limit is None or number < self._request.limit:
                    yield row
                    continue
                self.cut = True
                if not self._request.write:
                    return

    def _described(self) -> tuple[str, list[str]]:
        """The statement as it is to be run, and its columns. Nothing runs yet; mistakes in it are raised here."""
        text, limit = self._request.text, self._request.limit
        if limit is not None and not self._request.write and statement.reads(text):
            shorter = statement.limited(text, limit)
            try:
                return shorter, described(self._connection, shorter)
            except errors.SyntaxError:
                # It has a LIMIT of its own, or a mistake that is shown better without ours.
                self._connection.rollback()
                begin(self._connection, self._request.timeout, read_only=True)
        return text, described(self._connection, text)


def begin(connection: psycopg.Connection, timeout: int, *, read_only: bool) -> None:
    """Starts the transaction that a statement runs in. connection: none is open, and it is not in autocommit."""
    connection.read_only = read_only
    connection.execute("SELECT set_config('statement_timeout', %s, TRUE)", (f"{timeout}s",))


def described(connection: psycopg.Connection, text: str) -> list[str]:
    """The columns of a statement, which does not run. psycopg.Error for mistakes, and when there are several."""
    encoding = connection.info.encoding
    for result in (connection.pgconn.prepare(b"", text.encode(encoding)), connection.pgconn.describe_prepared(b"")):
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise errors.error_from_result(result, encoding)
    return values.unique([(result.fname(number) or b"").decode(encoding) for number in range(result.nfields)])
