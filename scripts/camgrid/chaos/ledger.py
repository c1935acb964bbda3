"""What clients sent and what was acknowledged to them: the truth that the database is compared with afterwards.

Every line goes to disk before the next step is made, so that the ledger of a run that was killed can still be audited.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from camgrid.errors import UsageError


class Row(NamedTuple):
    """A row by its identity. key: the zone of a count, the id (as text) of an event."""

    table: str
    camera: int
    key: int | str
    timestamp: datetime


@dataclass(frozen=True)
class Write:
    """What one transaction stores: it is there as a whole or not at all. number: its place in the ledger's file."""

    number: int
    rows: tuple[Row, ...]


class Ledger:
    """Writes and errors of all clients of one run; used by many threads. Times are of time.monotonic()."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.sent: list[Write] = []
        self.acknowledged: set[int] = set()
        self.done: dict[str, list[float]] = defaultdict(list)
        self.errors: Counter[str] = Counter()
        self._file = path.open("w")
        self._lock = Lock()

    def send(self, client: str, rows: tuple[Row, ...]) -> Write:
        """Notes a write before it is sent for the first time."""
        with self._lock:
            write = Write(len(self.sent), rows)
            self.sent.append(write)
            self._line("sent", client, number=write.number, rows=rows)
        return write

    def acknowledge(self, client: str, write: Write) -> None:
        """Notes that the client was told that its write is committed."""
        with self._lock:
            self.done[client].append(time.monotonic())
            self.acknowledged.add(write.number)
            self._line("acknowledged", client, number=write.number)

    def read(self, client: str) -> None:
        """Notes that a read was answered."""
        with self._lock:
            self.done[client].append(time.monotonic())

    def fail(self, client: str, kind: str) -> None:
        """Notes an error that a client saw."""
        with self._lock:
            self.errors[kind] += 1
            self._line("error", client, kind=kind)

    def last(self, client: str) -> float:
        """When the client last succeeded; 0 when it has not yet."""
        with self._lock:
            return self.done[client][-1] if self.done[client] else 0

    def close(self) -> None:
        """Ends the file; nothing can be noted any more."""
        self._file.close()

    def _line(self, what: str, client: str, **details: Any) -> None:
        line = {"at": datetime.now(UTC), "what": what, "client": client} | details
        self._file.write(json.dumps(line, default=datetime.isoformat) + "\n")
        self._file.flush()


def load(path: Path) -> tuple[list[Write], set[int]]:
    """The writes in a ledger's file and the numbers of the acknowledged ones. UsageError when it is none.

    A last line that was cut off is left out: what it notes had not happened yet, or was not acted on.
    """
    sent, acknowledged = [], set()
    try:
        for text in path.read_text().splitlines(keepends=True):
            if not text.endswith("\n"):
                break
            line = json.loads(text)
            if line["what"] == "sent":
                rows = (Row(table, camera, key, datetime.fromisoformat(at)) for table, camera, key, at in line["rows"])
                sent.append(Write(line["number"], tuple(rows)))
            elif line["what"] == "acknowledged":
                acknowledged.add(line["number"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"this is no ledger: {error}", where=str(path), hint="chaos run says where it keeps them"
        ) from error
    return sent, acknowledged


def longest_gap(times: list[float], start: float, fault: float, end: float) -> float:
    """Seconds of the longest time without a success that ends after fault, from start to end of the load."""
    moments = [start, *times, end]
    return max(after - before for before, after in pairwise(moments) if after > fault)
