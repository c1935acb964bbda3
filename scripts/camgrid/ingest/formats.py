"""The formats a file may have: CSV with a header line, and NDJSON.

A CSV row that breaks the rules of quoting, or has a wrong number of fields, costs its first line only; reading
starts again on the next one, so that a stray quote cannot swallow the rows after it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from camgrid.errors import UsageError
from camgrid.ingest.source import Block, JsonText, Reject, Source

FORMATS = ("csv", "ndjson")
_SAMPLE_LINES = 1000
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def open_source(path: Path, file_format: str | None = None) -> Source:
    """The rows of a file. file_format: one of FORMATS, or None to go by its name. Raises UsageError."""
    if file_format is None:
        suffixes = {suffix.lower() for suffix in path.suffixes}
        if suffixes & {".ndjson", ".jsonl"}:
            file_format = "ndjson"
        elif ".csv" in suffixes:
            file_format = "csv"
        else:
            raise UsageError("its name does not tell the format", where=str(path), hint="add --format csv|ndjson")
    return CsvSource(path) if file_format == "csv" else JsonSource(path)


class CsvSource(Source):
    """Comma-separated values, quoted as RFC 4180 says."""

    format = "csv"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.columns = []
        header = self.block(1)
        if header is None or header.broken or not any(header.fields):
            raise UsageError("the first line is no CSV header in UTF-8", where=str(path))
        self.columns = [str(name).strip() for name in header.fields[0]]

    def positions(self, sources: dict[str, str]) -> dict[str, int]:
        return {target: self.columns.index(column) for target, column in sources.items()}

    def _parse(self, lines: list[str], start: int) -> Block:
        end = start + len(lines) - 1
        try:
            rows = list(csv.reader(lines, strict=True))
        except csv.Error:
            rows = []
        # One row a line, each of the right width: nearly every block, and several times faster.
        if len(rows) == len(lines) and {len(row) for row in rows} == {len(self.columns)}:
            return Block(rows, range(start, end + 1), lines, [], end)
        return self._parse_slowly(lines, start)

    def _parse_slowly(self, lines: list[str], start: int) -> Block:
        block, asked, at = Block([], [], [], [], end=0), len(lines), 0
        while at < min(asked, len(lines)):
            reader = csv.reader(self._from(lines, at), strict=True)
            try:
                row, used, reason = next(reader), reader.line_num, ""
            except csv.Error as error:
                row, used, reason = [], 1, f"not CSV: {error}"
            if row and self.columns and len(row) != len(self.columns):
                used, reason = 1, f"wrong number of fields: {len(row)} instead of {len(self.columns)}"
            raw = "".join(lines[at : at + used])
            if reason:
                block.broken.append(Reject(start + at, reason, raw))
            elif row:
                block.fields.append(row)
                block.numbers.append(start + at)
                block.raws.append(raw)
            at += used
        self._ahead = lines[at:] + self._ahead
        block.end = start + at - 1
        return block

    def _from(self, lines: list[str], at: int) -> Iterator[str]:
        """lines from `at` on, and those that follow them in the file, for a row that goes on there."""
        while True:
            if at == len(lines):
                lines += self._lines(1)
            if at == len(lines):
                return
            yield lines[at]
            at += 1


class JsonSource(Source):
    """One JSON object a line."""

    format = "ndjson"
    open_ended = True

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._ahead = self._read(_SAMPLE_LINES)
        rows = [row for row in map(_json_object, self._ahead) if isinstance(row, dict)]
        if not rows:
            raise UsageError(f"none of its first {_SAMPLE_LINES} lines is a JSON object", where=str(path))
        self.columns = list(dict.fromkeys(key for row in rows for key in row))
        self._wanted: list[str] = []

    def positions(self, sources: dict[str, str]) -> dict[str, int]:
        self._wanted = list(sources.values())
        return {target: index for index, target in enumerate(sources)}

    def _parse(self, lines: list[str], start: int) -> Block:
        block = Block([], [], [], [], start + len(lines) - 1)
        for number, line in enumerate(lines, start):
            row = _json_object(line)
            if isinstance(row, str):
                block.broken.append(Reject(number, row, line))
            elif row is not None:
                block.fields.append([_as_text(row[key]) if key in row else None for key in self._wanted])
                block.numbers.append(number)
                block.raws.append(line)
        return block


def _json_object(line: str) -> dict[str, Any] | str | None:
    """The object on a line, why there is none, or None for an empty line."""
    if not line.strip():
        return None
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"bad JSON: {error}"
    return row if isinstance(row, dict) else "bad JSON: not an object"


def _as_text(value: Any) -> str:
    """A JSON value as the text that a CSV file would have for it."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return JsonText(_encode(value))
    except ValueError:  # NaN and Infinity, which json.loads takes and JSON has not
        return str(value)
