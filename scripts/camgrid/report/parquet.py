"""Parquet files of a report, written as the rows come. Needs pyarrow, which `pip install 'camgrid[report]'` brings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from camgrid.errors import UsageError

_GROUP = 50_000


def write(rows: Iterable[tuple], columns: Sequence[str], path: Path, about: Mapping[str, Any]) -> int:
    """Writes rows and returns how many there were. Times are instants in UTC, or naive on each camera's own clock."""
    arrow, files = library()
    rows = iter(rows)
    first = list(islice(rows, _GROUP))
    types = [_type(arrow, name, [row[number] for row in first]) for number, name in enumerate(columns)]
    said = {"camgrid": json.dumps(dict(about), default=str)}
    schema = arrow.schema(list(zip(columns, types, strict=True)), metadata=said)
    count = 0
    with files.ParquetWriter(path, schema) as writer:
        group = first
        while True:
            values = [[_plain(row[number]) for row in group] for number in range(len(columns))]
            writer.write_table(arrow.table(values, schema=schema))
            count += len(group)
            group = list(islice(rows, _GROUP))
            if not group:
                break
    return count


def library() -> tuple[Any, Any]:
    """pyarrow and pyarrow.parquet. UsageError that says what to install when they are not there."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        hint = ".venv/bin/pip install 'camgrid[report]', or --format csv"
        raise UsageError("Parquet needs pyarrow, which is not installed", hint=hint) from error
    return pyarrow, pyarrow.parquet


def _type(arrow: Any, name: str, values: Sequence[Any]) -> Any:
    found = next((value for value in values if value is not None), None)
    if isinstance(found, datetime):
        return arrow.timestamp("us", tz="UTC" if found.tzinfo else None)
    if isinstance(found, float):
        return arrow.float64()
    if isinstance(found, str) or (found is None and name in ("camera_name", "site")):
        return arrow.string()
    return arrow.bool_() if isinstance(found, bool) else arrow.int64()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC)
    return round(value.total_seconds()) if isinstance(value, timedelta) else value
