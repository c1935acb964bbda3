"""The router for asyncio; every method does what Router's of the same name does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import tuple_row
from psycopg_pool import PoolTimeout

from camgrid.router import async_statements as statements
from camgrid.router import wording
from camgrid.router.core import WATCH_S, Attempts, Core, Place
from camgrid.router.pools import LOOK_S, WAIT_S, async_pool, quiet
from camgrid.router.settings import Settings
from camgrid.router.statements import LATEST, became_replica, demoted, grouped


class AsyncRouter:
    """Sends each statement about a camera to the node that holds it, within one event loop; see docs/router.md.

    Use it in an `async with`: it connects when that begins. Parameters and errors are Router's.
    """

    def __init__(
        self, settings: Settings, *, row_factory: Callable = tuple_row, patience_s: float = 0.0, **breaker: Any
    ) -> None:
        self._core, self._row_factory, self._patience_s = Core(settings, **breaker), row_factory, patience_s
        self._making, self._refreshing = asyncio.Lock(), asyncio.Lock()
        self._watcher: asyncio.Task | None = None

    @classmethod
    def from_inventory(cls, path: str | Path, role: str = "reader", **options: Any) -> AsyncRouter:
        """A router for the cluster of an inventory. role: reader, writer, reporter or monitor."""
        return cls(Settings.from_inventory(path, role), **options)

    @classmethod
    def from_settings(cls, source: str | Path | dict[str, Any], **options: Any) -> AsyncRouter:
        """A router as a dictionary or a file of JSON says, which `camgrid endpoints --json` writes."""
        return cls(Settings.load(source), **options)

    async def read(
        self, camera_id: int, query: str, params: Any = None, *, at: str = "primary", prepare: bool = False
    ) -> list[Any]:
        """The rows of a query about one camera; at: 'primary', 'verified' or 'replica'."""
        work = statements.verified if at == "verified" else statements.rows
        return await self._call(camera_id, at, work, query, params, prepare)

    async def read_many(
        self, requests: Sequence[tuple[int, Any]], query: str, *, at: str = "primary", prepare: bool = False
    ) -> list[list[Any]]:
        """The rows of one query for each (camera, params), in their order: all nodes are asked at once."""
        answers: list[Any] = [None] * len(requests)

        async def ask(place: Place, indexes: list[int]) -> None:
            found = await self._many(place, [requests[index] for index in indexes], query, at, prepare)
            for index, rows in zip(indexes, found, strict=True):
                answers[index] = rows

        async with asyncio.TaskGroup() as tasks:
            for place, indexes in grouped(self._core, requests, at):
                tasks.create_task(ask(place, indexes))
        return answers

    async def latest(self, camera_id: int, *, at: str = "primary") -> list[Any]:
        """The newest result of each zone of a camera: rows of camgrid.camera_latest, by zone."""
        return await self.read(camera_id, LATEST, (camera_id,), at=at, prepare=True)

    async def write(
        self, camera_id: int, query: str, params: Any = None, *, retry: bool = False, prepare: bool = False
    ) -> list[Any]:
        """Runs one statement that writes rows of one camera; retry: it is harmless to repeat."""
        return await self._call(
            camera_id, "write", statements.rows, query, params, prepare, writes=True, repeatable=retry
        )

    async def analytics(self, query: str, params: Any = None) -> list[Any]:
        """The rows of a report over all cameras, from the replica for reports; best as the role reporter."""
        return await self.ask("analytics", query, params)

    async def ask(self, endpoint: str, query: str, params: Any = None, *, retry: bool | None = None) -> list[Any]:
        """The rows of a statement about any cameras, through an endpoint: read, analytics, write or ingest."""
        repeatable = endpoint in ("read", "analytics") if retry is None else retry
        writes = endpoint in ("write", "ingest")
        return await self._call(
            None, endpoint, statements.rows, query, params, False, writes=writes, repeatable=repeatable
        )

    @asynccontextmanager
    async def connection(self, camera_id: int) -> AsyncIterator[psycopg.AsyncConnection]:
        """A connection to a camera's node, for transactions of several statements; nothing is retried."""
        place = self._core.choose(camera_id, "write")
        conn = await self._take(place, writes=True)
        try:
            yield conn
        except psycopg.Error as error:
            place.failed(error, broken=conn.closed)
            raise
        finally:
            await place.pool.putconn(conn)

    async def refresh(self, known: Any = None) -> bool:
        """Reads anew where cameras live; False when nobody says so now. known: the map that was found wrong."""
        async with self._refreshing:
            if known is not None and self._core.map is not known:
                return True  # another task has done so meanwhile
            for place in self._core.metadata_places():
                with suppress(psycopg.Error):
                    self._core.learn(await self._at(place, statements.metadata))
                    return True
        return False

    def states(self) -> list[dict[str, Any]]:
        """Each node with its address, role and breaker."""
        return self._core.states()

    async def close(self) -> None:
        """Ends the pools. A router that was closed cannot be used again."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        for place in (*self._core.nodes.values(), *self._core.endpoints.values()):
            if place.pool is not None:
                await place.pool.close()

    async def __aenter__(self) -> AsyncRouter:
        await self.refresh()
        self._watcher = asyncio.create_task(self._watch(), name="camgrid router")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _call(
        self, camera_id: int | None, target: str, work: Callable, query: Any, params: Any, prepare: bool,
        *, writes: bool = False, repeatable: bool = True,
    ) -> Any:  # fmt: skip
        core, attempts, failed, local = self._core, None, None, not writes
        while True:
            known = core.map
            place = core.endpoint(target) if camera_id is None else core.choose(camera_id, target, failed)
            text, at_shard = core.wording(query, camera_id, place, local=local)
            conn = None
            try:
                conn = await self._take(place, writes)
                if place.direct and target != "replica" and became_replica(conn):
                    raise demoted()
                answer = await work(conn, text, params, prepare or at_shard)
            except psycopg.Error as error:
                if at_shard and wording.refused(error):
                    local, pause, wrong = False, 0.0, core.misled(error)
                else:
                    attempts = attempts or Attempts(writes=writes, repeatable=repeatable, patience_s=self._patience_s)
                    pause = attempts.failed(place, error, sent=conn is not None, broken=conn is None or conn.closed)
                    failed, wrong = place, camera_id is not None
            else:
                place.succeeded()
                return answer
            finally:
                if conn is not None:
                    await place.pool.putconn(conn)
            await asyncio.sleep(pause)
            if wrong:
                await self.refresh(known)

    async def _many(
        self, place: Place, requests: Sequence[tuple[int, Any]], query: str, at: str, prepare: bool
    ) -> list[list[Any]]:
        """The rows of one query for each request, in one pipeline if it succeeds at once."""
        known = self._core.map
        for local in (True, False):
            asked, at_shard = self._core.wordings(query, requests, place, local=local)
            try:
                return await self._at(place, statements.many, asked, prepare or at_shard)
            except psycopg.Error as error:
                if not at_shard or not wording.refused(error):
                    break
                if self._core.misled(error):
                    await self.refresh(known)
        # One by one, each with its retry, and with the error that it deserves.
        return [await self.read(camera, query, params, at=at, prepare=prepare) for camera, params in requests]

    async def _at(self, place: Place, work: Callable, *arguments: Any) -> Any:
        """What work returns at a place, at once or never."""
        conn = None
        try:
            conn = await self._take(place)
            answer = await work(conn, *arguments)
        except psycopg.Error as error:
            place.failed(error, broken=conn is None or conn.closed)
            raise
        else:
            place.succeeded()
            return answer
        finally:
            if conn is not None:
                await place.pool.putconn(conn)

    async def _take(self, place: Place, writes: bool = False) -> psycopg.AsyncConnection:
        """A connection to a place, for a write a living one. Raises the place's refusal without waiting for the end."""
        pool = place.pool or await self._make(place)
        deadline, spare = time.monotonic() + WAIT_S, self._core.settings.connections
        while True:
            try:
                conn = await pool.getconn(LOOK_S)
            except PoolTimeout:
                if place.refusal is not None:
                    raise place.refusal from None
                if time.monotonic() >= deadline:
                    raise
                continue
            if not writes or not spare or quiet(conn):
                return conn
            spare -= 1
            await conn.close()
            await pool.putconn(conn)

    async def _make(self, place: Place) -> Any:
        async with self._making:
            if place.pool is None:
                pool = async_pool(place, self._core.settings.connections, self._row_factory)
                await pool.open()
                place.pool = pool
            return place.pool

    async def _watch(self) -> None:
        """Looks every second whether the map's primaries are primaries, and reads the map anew when one is not."""
        while True:
            await asyncio.sleep(WATCH_S)
            known, wrong = self._core.map, self._core.outdated()
            for place in self._core.primaries():
                if place.breaker.allows():
                    try:
                        place.standby = await self._at(place, statements.is_standby)
                        wrong |= place.standby
                    except psycopg.Error:
                        wrong = True
            if wrong:
                await self.refresh(known)
