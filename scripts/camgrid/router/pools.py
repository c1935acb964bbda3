"""A place's pool of psycopg: made when it is first needed, and quick to say that nobody is there."""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from camgrid.router.core import Place

# Seconds that a call waits for a connection in all, and after which it looks whether connecting has failed meanwhile.
WAIT_S = 5.0
LOOK_S = 0.2
# psycopg_pool itself would go on for minutes in the background, while the breaker says when to try again.
_RECONNECT_S = 0.0


def options(place: Place, connections: int, row_factory: Callable) -> dict[str, Any]:
    """The keyword arguments of a place's pool. Sessions are PgBouncer's: idle connections cost it and us little."""
    return {
        "kwargs": place.parameters | {"autocommit": True, "row_factory": row_factory, "prepare_threshold": 0},
        "min_size": 0,
        "max_size": connections,
        "name": place.name,
        "reconnect_timeout": _RECONNECT_S,
        "num_workers": 1,
    }


def sync_pool(place: Place, connections: int, row_factory: Callable) -> ConnectionPool:
    """An open pool for Router."""

    class Connection(psycopg.Connection):
        """Keeps the place's newest refusal, which the pool only logs."""

        @classmethod
        def connect(cls, *arguments: Any, **keywords: Any) -> psycopg.Connection:
            try:
                made = super().connect(*arguments, **keywords)
            except psycopg.Error as error:
                place.refusal = error
                raise
            place.refusal = None
            return made

    return ConnectionPool(connection_class=Connection, open=True, **options(place, connections, row_factory))


def async_pool(place: Place, connections: int, row_factory: Callable) -> AsyncConnectionPool:
    """A pool for AsyncRouter, to be opened."""

    class Connection(psycopg.AsyncConnection):
        """Keeps the place's newest refusal, which the pool only logs."""

        @classmethod
        async def connect(cls, *arguments: Any, **keywords: Any) -> psycopg.AsyncConnection:
            try:
                made = await super().connect(*arguments, **keywords)
            except psycopg.Error as error:
                place.refusal = error
                raise
            place.refusal = None
            return made

    return AsyncConnectionPool(connection_class=Connection, open=False, **options(place, connections, row_factory))


def quiet(conn: psycopg.Connection | psycopg.AsyncConnection) -> bool:
    """Whether an idle connection is still one: what there is to read on it can only be a farewell.

    It spares a write the doubt whether it was done: a statement on a dead connection fails after it was sent.
    """
    poll = select.poll()
    poll.register(conn.pgconn.socket, select.POLLIN)
    return not poll.poll(0)
