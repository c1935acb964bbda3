"""SQL that is longer than a line or two, one statement a file."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def text(name: str) -> str:
    """The statement in `name`.sql. psycopg fills its parameters, psycopg.sql its {identifiers}."""
    return (files(__name__) / f"{name}.sql").read_text(encoding="utf-8")
