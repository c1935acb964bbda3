"""Writes the rows of a report as a table, CSV, JSON or Parquet, to stdout or a file."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from rich.markup import escape

from camgrid.console import emit_table
from camgrid.errors import CamgridError
from camgrid.report import parquet
from camgrid.units import long_duration

FORMATS = ("table", "csv", "json", "parquet")


def write(
    rows: Iterable[tuple],
    columns: Sequence[str],
    form: str,
    path: Path | None,
    about: Mapping[str, Any] | None = None,
) -> int:
    """Writes rows and returns how many there were. form: one of FORMATS; path: a file instead of stdout, no table.

    about: what JSON and Parquet say beside the rows; without it JSON is a list of them. Times are ISO 8601 with their
    offset, lengths of time seconds.
    CSV, JSON and Parquet go out as the rows come. A file appears when it is complete.
    """
    if form == "table":
        shown = [{name: _cell(name, value) for name, value in zip(columns, row, strict=True)} for row in rows]
        if shown:
            emit_table(shown, {name: name.replace("_", " ") for name in columns})
        return len(shown)
    if form == "parquet" and path:
        with whole(path) as part:
            return parquet.write(rows, columns, part, about or {})
    with _target(path) as file:
        return _csv(rows, columns, file) if form == "csv" else _json(rows, columns, file, about)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A path to write to, which becomes `path` when all went well. CamgridError when it cannot be written."""
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    except BrokenPipeError:
        raise
    except OSError as error:
        hint = "name a file in a directory that you may write to"
        raise CamgridError(f"cannot be written: {error.strerror}", where=str(path), hint=hint) from error
    finally:
        part.unlink(missing_ok=True)


def plain(value: Any) -> Any:
    """A value as JSON and CSV have it."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return round(value.total_seconds()) if isinstance(value, timedelta) else value


def _csv(rows: Iterable[tuple], columns: Sequence[str], file: TextIO) -> int:
    writer, count = csv.writer(file, lineterminator="\n"), 0
    writer.writerow(columns)
    for count, row in enumerate(rows, 1):  # noqa: B007 - the last number is the answer
        writer.writerow(map(plain, row))
    return count


def _json(rows: Iterable[tuple], columns: Sequence[str], file: TextIO, about: Mapping[str, Any] | None) -> int:
    count = 0
    if about is not None:
        file.write(f'{{\n"meta": {json.dumps(dict(about), default=plain, ensure_ascii=False)},\n"rows": ')
    file.write("[")
    for count, row in enumerate(rows, 1):
        data = dict(zip(columns, map(plain, row), strict=True))
        file.write(f"{',' if count > 1 else ''}\n  {json.dumps(data, ensure_ascii=False)}")
    file.write("\n]\n" if about is None else "\n]}\n")
    return count


def _cell(name: str, value: Any) -> Any:
    # A number that is a name takes no thousands separators.
    if name.endswith("_id") and value is not None:
        return str(value)
    if isinstance(value, timedelta):
        return long_duration(value.total_seconds())
    if isinstance(value, datetime):
        return value.isoformat(" ", timespec="seconds")
    # A camera's name is no markup.
    return escape(value) if isinstance(value, str) else plain(value)


@contextmanager
def _target(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        return
    with whole(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        yield file
