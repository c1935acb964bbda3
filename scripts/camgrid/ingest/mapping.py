"""Which column of the file becomes which column of the database."""

from __future__ import annotations

from collections.abc import Iterable

from camgrid.errors import UsageError
from camgrid.ingest.source import Source

COUNTS = ("count_in", "count_out", "total_count")
TARGETS = ("timestamp", "camera_id", "zone_id", *COUNTS, "confidence", "frame_data", "camera_name", "site")


def parse(pairs: Iterable[str]) -> dict[str, str]:
    """target → column, from "target=column" texts. UsageError for an unknown or repeated target."""
    wanted: dict[str, str] = {}
    for pair in pairs:
        target, equals, column = (part.strip() for part in pair.partition("="))
        if not equals or not column:
            raise UsageError(f"--map {pair}: want target=column")
        if target not in TARGETS:
            raise UsageError(f"--map {pair}: no such target", hint=f"the targets are: {', '.join(TARGETS)}")
        if target in wanted:
            raise UsageError(f"--map {pair}: {target} is mapped twice")
        wanted[target] = column
    return wanted


def resolve(wanted: dict[str, str], source: Source, camera: int | None = None) -> dict[str, str]:
    """target → column for every target that the file fills; unmapped targets take columns of their name.

    camera: the camera of every row, for a file without such a column. Raises UsageError, naming the
    file's columns, when something needed is missing, not there, or there twice.
    """
    have = f"the file's columns are: {', '.join(source.columns)}"
    where = str(source.path)
    for target, column in wanted.items():
        if column not in source.columns:
            raise UsageError(f"--map {target}={column}: no column {column}", where=where, hint=have)
    named = {target: wanted.get(target, target) for target in TARGETS}
    found = {target: column for target, column in named.items() if column in source.columns}
    for target, column in found.items():
        if source.columns.count(column) > 1:
            raise UsageError(f"{target}: the file has several columns {column}", where=where, hint=have)
    if camera is not None and "camera_id" in found:
        raise UsageError(f"--camera: the file names cameras itself, in {found['camera_id']}", where=where)
    needed = ["timestamp"] if camera is not None else ["timestamp", "camera_id"]
    for target in needed:
        if target not in found:
            raise UsageError(f"no column for {target}", where=where, hint=f"add --map {target}=…; {have}")
    if not any(count in found for count in COUNTS):
        raise UsageError("no column for any of the counts", where=where, hint=f"add --map total_count=…; {have}")
    # A later NDJSON row may have keys that the first ones have not.
    return {target: named[target] for target in TARGETS if target in found or source.open_ended}
