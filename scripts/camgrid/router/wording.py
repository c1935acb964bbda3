"""A query as one place is asked it: a table in braces is the camera's own shard at its node, elsewhere the table.

Citus's planner costs several times the statement itself. PostgreSQL does without it when it is asked for the shard by
the shard's own name; but then nobody forwards a statement that came to the wrong node, and a shard that has moved away
lies there for a while, with the rows of then. So the shard is read with the proof that this node holds it, in the same
snapshot. The proof is the answer's LIMIT: PostgreSQL evaluates that once, before any row and even where it knows that
there is none (a condition in WHERE goes with the months that the planner leaves out), and a division by zero fails it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import psycopg

from camgrid.errors import UsageError
from camgrid.router.shard_map import ShardMap

# The kit's own tables of cameras, which may be named also while they are not distributed yet.
TABLES = frozenset({"camera_events", "camera_latest", "counting_results", "counts_daily", "counts_hourly"})
# No program has so many queries, unless it writes values into their text; then they are worded anew now and then.
_KEPT = 4096
# Whatever PostgreSQL reads as one piece, in which braces mean themselves; or a table in braces: elsewhere SQL has none.
# What comes after says whether the query gives the table a name: these words alone can follow it without being one.
_PIECE = re.compile(
    r"""
    \b[eE]'(?:[^'\\]|''|\\.)*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
    | --[^\n]* | /\*.*?\*/
    | \{(?P<table>[^{}]*)\}(?P<unnamed>(?=\s*(?:$|[,;)]|(?:
        cross|except|fetch|for|full|group|having|inner|intersect|join|left|limit|natural|offset|on|order|right|union|using
        |where|window)\b)))?
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
# The shards are at home, and there is no limit; or the division fails, which PostgreSQL cannot know before. To plan it
# costs as much as Citus's planner: such a query is always prepared.
_AT_HOME = """SELECT * FROM (
{query}
) AS answer LIMIT nullif(1 / coalesce(({proofs})::integer, 0), 1)"""
_PROOF = """(SELECT groupid FROM pg_catalog.pg_dist_placement WHERE shardid = {number})
    = (SELECT groupid FROM pg_catalog.pg_dist_local_group)"""
# What the proof says when it fails, and PostgreSQL of a relation that is gone or going.
_MOVED = {"22012", "21000", "42P01", "XX000"}


@lru_cache(_KEPT)
def tables(query: str) -> frozenset[str]:
    """The tables that a query names in braces."""
    return frozenset(found["table"] for found in _PIECE.finditer(query) if found["table"] is not None)


@lru_cache(_KEPT)
def plain(query: str) -> str:
    """A query with the tables themselves: right at every node, and without Citus."""
    return _PIECE.sub(lambda found: found[0] if found["table"] is None else f"camgrid.{found['table']}", query)


def braced(query: Any) -> bool:
    """Whether a query names a table in braces. psycopg also takes queries that are no strings; they never do."""
    return type(query) is str and "{" in query and bool(tables(query))


def checked(query: str, shards: ShardMap) -> None:
    """UsageError for a table in braces that is none of cameras. Without shards PostgreSQL says so itself."""
    known = TABLES | shards.shards.keys()
    if shards.bounds and (unknown := tables(query) - known):
        raise UsageError(
            f"no table of cameras {{{min(unknown)}}}",
            where="query",
            hint=f"in braces stands one of {', '.join(sorted(known))}",
        )


def local(query: str, shards: ShardMap, camera_id: int) -> str:
    """A query for the node that holds a camera's shards; plain() when one of its tables has none."""
    position = shards.position(camera_id)
    found = shards.wordings.get((query, position))
    if found is None:
        checked(query, shards)
        here = tables(query) <= shards.shards.keys()
        found = _worded(query, shards, position) if here else plain(query)
        if len(shards.wordings) >= _KEPT:
            shards.wordings.clear()
        shards.wordings[query, position] = found
    return found


def refused(error: psycopg.Error) -> bool:
    """Whether a query that was worded for a shard may succeed as it stands: the shard is elsewhere, or SQL differs."""
    code = error.sqlstate or ""
    return code in _MOVED or code.startswith(("0A", "42"))


def moved(error: psycopg.Error) -> bool:
    """Whether the map may be wrong."""
    return error.sqlstate in _MOVED


def _worded(query: str, shards: ShardMap, position: int) -> str:
    found = {name: shards.shards[name][position] for name in tables(query)}

    def relation(piece: re.Match[str]) -> str:
        if (name := piece["table"]) is None:
            return piece[0]
        return found[name].relation + ("" if piece["unnamed"] is None else f" AS {name}")

    proofs = " AND ".join(_PROOF.format(number=shard.number) for shard in found.values())
    return _AT_HOME.format(query=_PIECE.sub(relation, query).rstrip().rstrip(";"), proofs=proofs)
