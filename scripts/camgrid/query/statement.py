"""The statement that a user gave: where it comes from, its parameters, its limit."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg

from camgrid.errors import UsageError

_HINT = "camgrid query 'SELECT …', camgrid query --file x.sql, or camgrid query - for stdin"
# What comes before the first word: blanks, comments, parentheses.
_LEADING = re.compile(r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/|\()*", re.DOTALL)
_READS = ("select", "with", "values", "table")


def given(argument: str | None, file: Path | None) -> str:
    """The statement from the argument, of which - means stdin, or from a file. UsageError when there is none."""
    if (argument is None) == (file is None):
        raise UsageError("give one query: as an argument or in a file", hint=_HINT)
    where = str(file) if file else "stdin" if argument == "-" else "the argument"
    try:
        text = file.read_text(encoding="utf-8") if file else sys.stdin.read() if argument == "-" else argument
    except UnicodeDecodeError as error:
        raise UsageError("is not UTF-8 text", where=where, hint="convert it, as with iconv") from error
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=where, hint=_HINT) from error
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        raise UsageError("holds a NUL, which is not text", where=where)
    if not first_word(text):
        raise UsageError("the query is empty", where=where, hint=_HINT)
    return text


def first_word(text: str) -> str:
    """The word that says what a statement does, in lower case; "" when there is nothing but comments."""
    word = re.match(r"\w+", text[_LEADING.match(text).end() :])
    return word.group().lower() if word else ""


def reads(text: str) -> bool:
    """Whether it looks like a query. What it does the server decides, in a read-only transaction."""
    return first_word(text) in _READS


def parameters(pairs: Sequence[str]) -> dict[str, str]:
    """name=value → value by name. UsageError for anything else."""
    for pair in pairs:
        if not re.match(r"[A-Za-z_]\w*=", pair):
            raise UsageError(
                f"--param {pair!r} is not name=value", hint="--param camera=5, and %(camera)s in the query"
            )
    return dict(pair.split("=", 1) for pair in pairs)


def bound(connection: psycopg.Connection, text: str, values: dict[str, str]) -> str:
    """The statement with each %(name)s as a quoted literal, which libpq makes. Without values it stays as it is."""
    if not values:
        return text
    try:
        return psycopg.ClientCursor(connection).mogrify(text, values)
    except psycopg.ProgrammingError as error:
        hint = "with --param a parameter is written %(name)s, and a percent sign %%"
        raise UsageError(f"the query's parameters are not sound: {error}", hint=hint) from error


def limited(text: str, limit: int) -> str:
    """The query with one row more than limit as its own LIMIT, which shards keep to; no SQL if it has one already."""
    return f"{text.rstrip().rstrip(';')}\nLIMIT {limit + 1}"
