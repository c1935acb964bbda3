"""A file of rows, plain or gzip, read in blocks whose rows remember their lines.

Where a row begins and ends depends on the file alone, never on the size of the blocks: that is what lets a
stopped import go on.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from camgrid.errors import CamgridError, UsageError

_GZIP_MAGIC = b"\x1f\x8b"


class Reject(NamedTuple):
    """A row that is not stored: its first line (from 1), why, and its text as it stands in the file."""

    line: int
    reason: str
    raw: str


class JsonText(str):
    """Text that is JSON for certain, and need not be parsed again."""

    __slots__ = ()


@dataclass(slots=True)
class Block:
    """Consecutive rows. fields[i], numbers[i] and raws[i] are one row; broken ones have no fields.

    A field is text, "" when empty, None when an NDJSON row has no such key. end: lines read so far.
    """

    fields: Sequence[Sequence[str | None]]
    numbers: Sequence[int]
    raws: Sequence[str]
    broken: list[Reject]
    end: int

    @property
    def rows(self) -> int:
        """Rows in the block, broken ones included; empty lines are not rows."""
        return len(self.fields) + len(self.broken)


class DamagedError(CamgridError):
    """The file cannot be read to its end; trying again does not help."""


class Source:
    """An open file of rows. columns: the CSV header, or the keys of the first NDJSON lines."""

    format: str
    columns: list[str]
    # Whether rows may have other columns than those seen so far.
    open_ended = False

    def __init__(self, path: Path) -> None:
        """Opens path. UsageError when it cannot be read."""
        self.path, self.line = path, 0
        try:
            self._file = path.open("rb")
            zipped = self._file.read(2) == _GZIP_MAGIC
            self.size = path.stat().st_size
        except OSError as error:
            raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error
        self._file.seek(0)
        stream = gzip.GzipFile(fileobj=self._file) if zipped else self._file
        # Bytes that are no UTF-8 become lone surrogates: the row is rejected and its bytes are kept.
        self._text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
        self._ahead: list[str] = []

    def close(self) -> None:
        """Closes the file."""
        self._text.close()
        self._file.close()

    def position(self) -> int:
        """Bytes of the file read so far, of `size`; compressed ones when it is compressed."""
        return self._file.tell()

    def block(self, size: int) -> Block | None:
        """The rows of the next `size` lines, and the rest of the last one's; None at the end of the file."""
        lines = self._lines(size)
        if not lines:
            return None
        block = self._parse(lines, self.line + 1)
        self.line = block.end
        return _without_undecodable(block)

    def positions(self, sources: dict[str, str]) -> dict[str, int]:
        """target → where its field is in the rows of the blocks that follow. sources: target → column."""
        raise NotImplementedError

    def _parse(self, lines: list[str], start: int) -> Block:
        raise NotImplementedError

    def _lines(self, count: int) -> list[str]:
        lines, self._ahead = self._ahead[:count], self._ahead[count:]
        if len(lines) < count:
            lines += self._read(count - len(lines))
        return lines

    def _read(self, count: int) -> list[str]:
        try:
            return list(islice(self._text, count))
        except (EOFError, OSError, zlib.error) as error:
            raise DamagedError(
                f"the file is damaged after line {self.line}: {error}",
                where=str(self.path),
                hint="get a whole copy and import that: what is stored already is not counted twice",
            ) from error


def _without_undecodable(block: Block) -> Block:
    """Moves the rows that PostgreSQL cannot hold, not UTF-8 or with a NUL byte, to the broken ones."""
    text = "".join(block.raws)
    if "\0" not in text and is_utf8(text):
        return block
    good = Block([], [], [], block.broken, block.end)
    for fields, number, raw in zip(block.fields, block.numbers, block.raws, strict=True):
        if "\0" in raw or not is_utf8(raw):
            reason = "the line holds a NUL byte" if "\0" in raw else "the line is not UTF-8"
            block.broken.append(Reject(number, reason, raw))
        else:
            good.fields.append(fields)
            good.numbers.append(number)
            good.raws.append(raw)
    return good


def is_utf8(text: str) -> bool:
    """Whether text can be written as UTF-8: undecodable bytes and JSON's lone surrogates cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
