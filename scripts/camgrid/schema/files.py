"""The SQL files of the project: what there is to apply, in which order, with checksums."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from camgrid.errors import UsageError

SQL = Path(__file__).resolve().parents[3] / "sql"


@dataclass(frozen=True)
class SqlFile:
    """One file. name: its stem; checksum: SHA-256 of its bytes, in hexadecimal."""

    name: str
    text: str
    checksum: str


def migrations(root: Path = SQL) -> list[SqlFile]:
    """Migrations in the order of their numbers. UsageError for a bad name, a gap or a number used twice."""
    files = _read(root / "migrations")
    for expected, file in enumerate(files, start=1):
        if not re.fullmatch(rf"{expected:04d}_[a-z0-9_]+", file.name):
            raise UsageError(
                f"migration {expected:04d} was expected here",
                where=f"sql/migrations/{file.name}.sql",
                hint="migrations are numbered 0001_name.sql, 0002_name.sql … without a gap",
            )
    return files


def functions(root: Path = SQL) -> list[SqlFile]:
    """Functions and views, those that others name in their definition first."""
    files = _read(root / "functions")
    return sorted(files, key=lambda file: (_depth(file, {other.name: other for other in files}), file.name))


def _read(directory: Path) -> list[SqlFile]:
    return [
        SqlFile(path.stem, path.read_text(), hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(directory.glob("*.sql"))
    ]


def _depth(file: SqlFile, files: dict[str, SqlFile], seen: tuple[str, ...] = ()) -> int:
    """Length of the longest chain of files that a file needs; a file may name itself."""
    named = {name for name in re.findall(r"camgrid\.(\w+)", file.text) if name in files and name != file.name}
    if file.name in seen:
        raise UsageError("functions name each other in a circle", where=" → ".join((*seen, file.name)))
    return max((1 + _depth(files[name], files, (*seen, file.name)) for name in named), default=0)
