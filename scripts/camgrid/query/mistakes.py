"""Errors of the database in words that say what, where in the statement, and what to do next."""

from __future__ import annotations

import psycopg
from psycopg import errors

from camgrid.errors import CamgridError, UsageError

_READ_ONLY = "camgrid query reads. With --write it changes data, after asking"
_NARROW = "narrow it by camera or time, give it --timeout SECONDS, or see with --per-shard which shard is slow"
_RIGHTS = "--role reader reads all that cameras sent, --role monitor how the cluster is"
_BROKEN = "camgrid status; a failover takes up to half a minute, then the same query works again"
_TABLES = "which there are: camgrid query \"SELECT tablename FROM pg_tables WHERE schemaname = 'camgrid'\""
# How much of a long line is shown around a mistake.
_BEFORE, _SHOWN = 60, 100


def explained(error: psycopg.Error, text: str, user: str, host: str, timeout: int) -> CamgridError:
    """The error of a statement as one that a user can act on. text: the statement; timeout: the seconds it had."""
    kind, what, hint = _told(error, (error.diag.message_primary or str(error)).strip(), user, timeout)
    where, pointer = _place(error, text)
    detail = f"\n  {error.diag.message_detail}" if error.diag.message_detail else ""
    return kind(f"{what}{detail}{pointer}", where=where or host, hint=error.diag.message_hint or hint)


def silent(host: str, seconds: float) -> CamgridError:
    """For a server that did not even say that the time is over."""
    hint = "camgrid status; a node that is frozen is replaced within half a minute, then the same query works again"
    return CamgridError(f"there is no answer within {seconds:.0f} s", where=host, hint=hint)


def _told(error: psycopg.Error, said: str, user: str, timeout: int) -> tuple[type[CamgridError], str, str]:
    match error:
        case errors.ReadOnlySqlTransaction():
            return UsageError, f"this writes, so nothing was done ({said})", _READ_ONLY
        case errors.QueryCanceled() if "statement timeout" in said:
            return CamgridError, f"it ran longer than {timeout} s and was ended", _NARROW
        case errors.InsufficientPrivilege():
            return CamgridError, f"{user} may not do this ({said})", _RIGHTS
        case errors.SyntaxError() if "multiple commands" in said:
            return UsageError, "this is more than one statement, so nothing was done", "run them one by one"
        case errors.UndefinedParameter() | errors.ProtocolViolation():
            return (
                UsageError,
                f"a parameter has no value ({said})",
                "write %(name)s in the query, and give --param name=value",
            )
        case errors.UndefinedTable():
            return UsageError, said, _TABLES
        case errors.ActiveSqlTransaction() | errors.InvalidTransactionTermination():
            return UsageError, f"{said}, and this command runs it in one", "use psql for this statement"
    state = error.sqlstate or "08"
    if state[:2] in ("08", "57"):
        return CamgridError, f"a connection broke or was refused ({said})", _BROKEN
    return (UsageError if state[:2] == "42" else CamgridError), said, f"mend the statement (SQLSTATE {state})"


def _place(error: psycopg.Error, text: str) -> tuple[str, str]:
    """Line and column, and the line with a pointer at it; nothing when the server names no place."""
    position = int(error.diag.statement_position or 0)
    if not 0 < position <= len(text) + 1:
        return "", ""
    before = text[: position - 1]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    whole = text.split("\n")[line - 1]
    start = max(0, column - _BEFORE)
    return f"line {line}, column {column}", f"\n  {whole[start : start + _SHOWN]}\n  {' ' * (column - 1 - start)}^"
