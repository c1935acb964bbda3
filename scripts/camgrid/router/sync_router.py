"""The router for programs with threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import tuple_row
from psycopg_pool import PoolTimeout

from camgrid.router import statements, wording
from camgrid.router.core import WATCH_S, Attempts, Core, Place
from camgrid.router.pools import LOOK_S, WAIT_S, quiet, sync_pool
from camgrid.router.settings import Settings
from camgrid.router.statements import became_replica, demoted


class Router:
    """Sends each statement about a camera to the node that holds it; see docs/router.md.

    Thread-safe; make it after a fork, one for a process. Use it in a `with`, or call close().
    """

    def __init__(
        self, settings: Settings, *, row_factory: Callable = tuple_row, patience_s: float = 0.0, **breaker: Any
    ) -> None:
        """row_factory: psycopg's, for all rows; patience_s: seconds in which a call goes on trying after its one retry;
        breaker: its failures and rest_s. Connects at once, and works through the proxies until it knows the cameras."""
        self._core, self._row_factory, self._patience_s = Core(settings, **breaker), row_factory, patience_s
        self._making, self._refreshing, self._stop = threading.Lock(), threading.Lock(), threading.Event()
        self.refresh()
        self._watcher = threading.Thread(target=self._watch, name="camgrid router", daemon=True)
        self._watcher.start()

    @classmethod
    def from_inventory(cls, path: str | Path, role: str = "reader", **options: Any) -> Router:
        """A router for the cluster of an inventory. role: reader, writer, reporter or monitor."""
        return cls(Settings.from_inventory(path, role), **options)

    @classmethod
    def from_settings(cls, source: str | Path | dict[str, Any], **options: Any) -> Router:
        """A router as a dictionary or a file of JSON says, which `camgrid endpoints --json` writes."""
        return cls(Settings.load(source), **options)

    def read(
        self, camera_id: int, query: str, params: Any = None, *, at: str = "primary", prepare: bool = False
    ) -> list[Any]:
        """The rows of a query about one camera, which may run twice.

        at: 'primary', a second stale at most, just after a switchover; 'verified', never; 'replica', a moment stale.
        prepare: once a connection; faster for tables without months, slower for those with many (docs/router.md).
        A table in braces, {camera_latest}, is the camera's own shard where that can be: faster, and always prepared.
        Raises UnreachableError, or psycopg's error when the query is wrong.
        """
        work = statements.verified if at == "verified" else statements.rows
        return self._call(camera_id, at, work, query, params, prepare)

    def read_many(
        self, requests: Sequence[tuple[int, Any]], query: str, *, at: str = "primary", prepare: bool = False
    ) -> list[list[Any]]:
        """The rows of one query for each (camera, params), in their order: one round trip to each node."""
        answers: list[Any] = [None] * len(requests)
        for place, indexes in statements.grouped(self._core, requests, at):
            found = self._many(place, [requests[index] for index in indexes], query, at, prepare)
            for index, rows in zip(indexes, found, strict=True):
                answers[index] = rows
        return answers

    def latest(self, camera_id: int, *, at: str = "primary") -> list[Any]:
        """The newest result of each zone of a camera: rows of camgrid.camera_latest, by zone."""
        return self.read(camera_id, statements.LATEST, (camera_id,), at=at, prepare=True)

    def write(
        self, camera_id: int, query: str, params: Any = None, *, retry: bool = False, prepare: bool = False
    ) -> list[Any]:
        """Runs one statement that writes rows of one camera; returns those of its RETURNING.

        retry: it is harmless to repeat (ON CONFLICT …). Else AmbiguousWriteError says that it may have been done.
        """
        return self._call(camera_id, "write", statements.rows, query, params, prepare, writes=True, repeatable=retry)

    def analytics(self, query: str, params: Any = None) -> list[Any]:
        """The rows of a report over all cameras, from the replica for reports; best as the role reporter."""
        return self.ask("analytics", query, params)

    def ask(self, endpoint: str, query: str, params: Any = None, *, retry: bool | None = None) -> list[Any]:
        """The rows of a statement about any cameras, through an endpoint: read, analytics, write or ingest.

        retry: whether it may run twice; by default at read and analytics only.
        """
        repeatable = endpoint in ("read", "analytics") if retry is None else retry
        writes = endpoint in ("write", "ingest")
        return self._call(None, endpoint, statements.rows, query, params, False, writes=writes, repeatable=repeatable)

    @contextmanager
    def connection(self, camera_id: int) -> Iterator[psycopg.Connection]:
        """A connection to a camera's node, for transactions of several statements; nothing is retried.

        It is in autocommit: `with router.connection(7) as conn, conn.transaction(): …`
        """
        place = self._core.choose(camera_id, "write")
        conn = self._take(place, writes=True)
        try:
            yield conn
        except psycopg.Error as error:
            place.failed(error, broken=conn.closed)
            raise
        finally:
            place.pool.putconn(conn)

    def refresh(self, known: Any = None) -> bool:
        """Reads anew where cameras live; False when nobody says so now. known: the map that was found wrong."""
        with self._refreshing:
            if known is not None and self._core.map is not known:
                return True  # another thread has done so meanwhile
            for place in self._core.metadata_places():
                with suppress(psycopg.Error):
                    self._core.learn(self._at(place, statements.metadata))
                    return True
        return False

    def states(self) -> list[dict[str, Any]]:
        """Each node with its address, role and breaker."""
        return self._core.states()

    def close(self) -> None:
        """Ends the pools. A router that was closed cannot be used again."""
        self._stop.set()
        self._watcher.join(WAIT_S)
        for place in (*self._core.nodes.values(), *self._core.endpoints.values()):
            if place.pool is not None:
                place.pool.close()

    def __enter__(self) -> Router:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(
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
                conn = self._take(place, writes)
                if place.direct and target != "replica" and became_replica(conn):
                    raise demoted()
                answer = work(conn, text, params, prepare or at_shard)
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
                    place.pool.putconn(conn)
            time.sleep(pause)
            if wrong:
                self.refresh(known)

    def _many(
        self, place: Place, requests: Sequence[tuple[int, Any]], query: str, at: str, prepare: bool
    ) -> list[list[Any]]:
        """The rows of one query for each request, in one pipeline if it succeeds at once."""
        known = self._core.map
        for local in (True, False):
            asked, at_shard = self._core.wordings(query, requests, place, local=local)
            try:
                return self._at(place, statements.many, asked, prepare or at_shard)
            except psycopg.Error as error:
                if not at_shard or not wording.refused(error):
                    break
                if self._core.misled(error):
                    self.refresh(known)
        # One by one, each with its retry, and with the error that it deserves.
        return [self.read(camera, query, params, at=at, prepare=prepare) for camera, params in requests]

    def _at(self, place: Place, work: Callable, *arguments: Any) -> Any:
        """What work returns at a place, at once or never."""
        conn = None
        try:
            conn = self._take(place)
            answer = work(conn, *arguments)
        except psycopg.Error as error:
            place.failed(error, broken=conn is None or conn.closed)
            raise
        else:
            place.succeeded()
            return answer
        finally:
            if conn is not None:
                place.pool.putconn(conn)

    def _take(self, place: Place, writes: bool = False) -> psycopg.Connection:
        """A connection to a place, for a write a living one. Raises the place's refusal without waiting for the end."""
        pool = place.pool or self._make(place)
        deadline, spare = time.monotonic() + WAIT_S, self._core.settings.connections
        while True:
            try:
                conn = pool.getconn(LOOK_S)
            except PoolTimeout:
                if place.refusal is not None:
                    raise place.refusal from None
                if time.monotonic() >= deadline:
                    raise
                continue
            if not writes or not spare or quiet(conn):
                return conn
            spare -= 1
            conn.close()
            pool.putconn(conn)

    def _make(self, place: Place) -> Any:
        with self._making:
            if place.pool is None:
                place.pool = sync_pool(place, self._core.settings.connections, self._row_factory)
            return place.pool

    def _watch(self) -> None:
        """Looks every second whether the map's primaries are primaries, and reads the map anew when one is not."""
        while not self._stop.wait(WATCH_S):
            known, wrong = self._core.map, self._core.outdated()
            for place in self._core.primaries():
                if place.breaker.allows():
                    try:
                        place.standby = self._at(place, statements.is_standby)
                        wrong |= place.standby
                    except psycopg.Error:
                        wrong = True
            if wrong and not self._stop.is_set():
                self.refresh(known)
