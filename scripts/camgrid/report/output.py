"""Writes the rows of a report as a table, CSV or JSON, to stdout or a file."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from camgrid.console import emit_table
from camgrid.errors import CamgridError

FORMATS = ("table", "csv", "json")


def write(rows: Iterable[tuple], columns: Sequence[str], form: str, path: Path | None) -> int:
    """Writes rows and returns how many there were. form: one of FORMATS; path: a file instead of stdout, no table.

    Times are ISO 8601 with their offset. CSV goes out as the rows come. A file appears when it is complete.
    """
    if form == "table":
        shown = [{name: _cell(name, value) for name, value in zip(columns, row, strict=True)} for row in rows]
        if shown:
            emit_table(shown, {name: name.replace("_", " ") for name in columns})
        return len(shown)
    with _target(path) as file:
        return _csv(rows, columns, file) if form == "csv" else _json(rows, columns, file)


def _csv(rows: Iterable[tuple], columns: Sequence[str], file: TextIO) -> int:
    writer, count = csv.writer(file, lineterminator="\n"), 0
    writer.writerow(columns)
    for count, row in enumerate(rows, 1):  # noqa: B007 - the last number is the answer
        writer.writerow(map(_plain, row))
    return count


def _json(rows: Iterable[tuple], columns: Sequence[str], file: TextIO) -> int:
    data = [dict(zip(columns, map(_plain, row), strict=True)) for row in rows]
    json.dump(data, file, indent=2, ensure_ascii=False)
    file.write("\n")
    return len(data)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _cell(name: str, value: Any) -> Any:
    # A number that is a name takes no thousands separators.
    return str(value) if name.endswith("_id") and value is not None else _plain(value)


@contextmanager
def _target(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        return
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise CamgridError(f"cannot be written: {error.strerror}", where=str(path)) from error
    finally:
        part.unlink(missing_ok=True)
