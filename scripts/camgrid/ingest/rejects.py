"""The rejects file: CSV of line, reason and the row as it stood in the file."""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from camgrid.errors import CamgridError, UsageError
from camgrid.ingest.source import Reject

_HEADER = "line,reason,raw\n"


def kind(reason: str) -> str:
    """A reason without the values in it, to count rejects by."""
    return re.sub(r"^local time \S+", "local time …", reason).partition(": ")[0]


class RejectsFile:
    """A rejects file that grows by chunks, and can be cut back to the chunks that were committed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def check(self, source: Path) -> None:
        """UsageError when path holds something else than rejects, which would be overwritten."""
        if not self.path.exists():
            return
        if self.path.samefile(source):
            raise UsageError("the rejects cannot go into the file itself", where=str(self.path))
        try:
            with self.path.open("rb") as file:
                first = file.readline(len(_HEADER) + 1)
        except OSError as error:
            raise UsageError(f"cannot be read: {error.strerror}", where=str(self.path)) from error
        if first and first != _HEADER.encode():
            raise UsageError("is there and holds no rejects", where=str(self.path), hint="name another: --rejects FILE")

    def has(self, size: int) -> bool:
        """Whether the first `size` bytes are still there."""
        return size == 0 or (self.path.exists() and self.path.stat().st_size >= size)

    def write(self, start: int, rejects: Iterable[Reject]) -> int:
        """Cuts the file to `start` bytes, appends rejects, and returns its size once they are on disk.

        With nothing to keep or to append the file goes away. CamgridError when it cannot be written.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows((each.line, each.reason, each.raw.rstrip("\r\n")) for each in rejects)
        # Bytes that were no UTF-8 go back as they came.
        data = text.getvalue().encode(errors="surrogateescape")
        try:
            if start == 0 and not data:
                self.path.unlink(missing_ok=True)
                return 0
            if not self.has(start):
                raise CamgridError("somebody cut the rejects file while it was written", where=str(self.path))
            with self.path.open("r+b" if start else "wb") as file:
                file.truncate(start)
                file.seek(start)
                file.write(data if start else _HEADER.encode() + data)
                file.flush()
                os.fsync(file.fileno())
                return file.tell()
        except OSError as error:
            raise CamgridError(f"rejects cannot be written: {error.strerror}", where=str(self.path)) from error

    def kinds(self) -> Counter[str]:
        """How many rejects the file holds of each kind."""
        if not self.path.exists():
            return Counter()
        with self.path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            return Counter(kind(row["reason"]) for row in csv.DictReader(file))
