"""What an error says about a statement: whether it may be sent again, and what its sender is told."""

from __future__ import annotations

import re
from enum import Enum

import psycopg
from psycopg_pool import PoolTimeout, TooManyRequests

from camgrid.errors import CamgridError

# The same statement may succeed elsewhere or a moment later: docs/applications.md says what each means.
_PASSING = {"57P01", "57P02", "57P03", "25006", "40001", "40P01", "53300"}
# These come in place of the statement, or roll it back: it has certainly not been committed. Not 57P01 and 57P02: a
# server that stops says them also to a commit that is done and waits for its replica.
_UNDONE = {"57P03", "25006", "40001", "40P01", "53300"}
# Comes without a code from libpq or as 08P01 from the pool, and stays wrong however often it is tried.
_HOPELESS = re.compile("authentication failed|certificate|no such|unsupported|query_timeout")
# What PgBouncer says to a statement that waited for a session and got none.
_NEVER_SENT = re.compile("query_wait_timeout|server_login_retry|no more connections allowed")


class RouterError(CamgridError):
    """The router could not do what it was asked; the error of the last attempt is its __cause__."""


class UnreachableError(RouterError):
    """Nobody answered now; nothing was written. The same call may succeed a moment later."""


class AmbiguousWriteError(RouterError):
    """The connection broke while a statement ran: it may have been committed, or not.

    To write it again is harmless only if the statement is made so (ON CONFLICT …): then give retry=True.
    """


class Outcome(Enum):
    """What is known about a statement after an error."""

    REFUSED = "the statement or the settings are wrong: again would fail again"
    UNDONE = "certainly not committed"
    UNKNOWN = "committed or not, nobody can say"


def outcome(error: psycopg.Error, *, sent: bool = True) -> Outcome:
    """What an error of psycopg or its pool means. sent: whether a connection had been there for the statement."""
    if isinstance(error, PoolTimeout | TooManyRequests):
        return Outcome.UNDONE
    code = error.sqlstate
    # An InternalError without a code: the farewells of server and pool arrived together, more answers than questions.
    lost = isinstance(error, psycopg.OperationalError | psycopg.InternalError) and (code or "08").startswith("08")
    if code not in _PASSING and (not lost or _HOPELESS.search(str(error))):
        return Outcome.REFUSED
    if not sent or code in _UNDONE or (lost and _NEVER_SENT.search(str(error))):
        return Outcome.UNDONE
    return Outcome.UNKNOWN


def read_only(error: psycopg.Error) -> bool:
    """Whether a write met a primary that has become a replica."""
    return error.sqlstate == "25006"


def unreachable(error: psycopg.Error, where: str) -> UnreachableError:
    """The error of a call whose every attempt failed without having done anything. where: the last place tried."""
    return UnreachableError(
        f"nobody answers now ({_line(error)})",
        where=where,
        hint="the same again in a moment: a failover takes up to half a minute; then see: camgrid status",
    )


def ambiguous(error: psycopg.Error, where: str) -> AmbiguousWriteError:
    """The error of a write that may be there or not."""
    return AmbiguousWriteError(
        f"the connection broke, and the write may be committed or not ({_line(error)})",
        where=where,
        hint="look whether it is there, or make it harmless to repeat (ON CONFLICT) and give retry=True",
    )


def _line(error: psycopg.Error) -> str:
    return "; ".join(line.strip() for line in str(error).splitlines() if line.strip()) or type(error).__name__
