"""What is to be imported, settled before the database is asked anything."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from camgrid.errors import UsageError
from camgrid.ingest import clock, formats, mapping
from camgrid.ingest.source import Source


@dataclass(frozen=True)
class Job:
    """A file, how to read it and what to do with it. columns: target → column of the file.

    key identifies the import, whatever the file is called: its content and all that gives it its meaning.
    """

    path: Path
    file_format: str | None
    columns: dict[str, str]
    zone: ZoneInfo | None
    camera: int | None
    default_zone: int
    make_partitions: bool
    rejects: Path
    chunk: int
    tolerance: timedelta
    key: str
    ignored: tuple[str, ...] = ()

    def open(self) -> Source:
        """The file from its beginning."""
        return formats.open_source(self.path, self.file_format)


def plan(
    path: Path,
    *,
    file_format: str | None = None,
    maps: Iterable[str] = (),
    timezone: str | None = None,
    camera: int | None = None,
    default_zone: int = 0,
    make_partitions: bool = False,
    rejects: Path | None = None,
    chunk: int = 50_000,
    tolerance: timedelta = timedelta(minutes=5),
) -> Job:
    """The job that the options of `camgrid import` mean. UsageError when they do not fit the file.

    chunk: lines in one transaction; rejects: file for them, by default named after path, in this directory.
    """
    zone = clock.zone(timezone) if timezone else None
    source = formats.open_source(path, file_format)
    try:
        columns = mapping.resolve(mapping.parse(maps), source, camera)
        ignored = tuple(name for name in source.columns if name not in columns.values())
        _check_offset(source, columns, zone)
    finally:
        source.close()
    return Job(
        path=path,
        file_format=file_format,
        columns=columns,
        zone=zone,
        camera=camera,
        default_zone=default_zone,
        make_partitions=make_partitions,
        rejects=rejects or Path(f"{path.name}.rejects.csv"),
        chunk=chunk,
        tolerance=tolerance,
        key=_key(path, [source.format, columns, timezone, camera, default_zone]),
        ignored=ignored,
    )


def _check_offset(source: Source, columns: dict[str, str], zone: ZoneInfo | None) -> None:
    """Refuses a file of local times without a zone at its first row, instead of rejecting all of them."""
    at = source.positions(columns)["timestamp"]
    block = source.block(1)
    if zone or not block or not block.fields:
        return
    text = block.fields[0][at]
    if clock.Stamps(None, datetime.now(UTC), clock.Months([]))(text) is clock.NO_OFFSET:
        raise UsageError(
            f"{columns['timestamp']} has no offset: {text}",
            where=f"{source.path}, line {block.numbers[0]}",
            hint="say which local time it is, such as --timezone Australia/Melbourne",
        )


def _key(path: Path, meaning: list) -> str:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(json.dumps(meaning, sort_keys=True).encode())
    return digest.hexdigest()
