"""The bundle's file: a tar with the manifest first, and a last member that says that it is whole."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from camgrid.bundle import manifest
from camgrid.bundle.manifest import File, Manifest
from camgrid.errors import UsageError

MANIFEST = "manifest.json"
# Its content is the manifest's checksum: half a copy lacks it, and a manifest that was changed differs.
SEAL = "complete"
_PIECE = 1024 * 1024
_AGAIN = "copy it again and compare its SHA-256 with what `camgrid bundle make` said, or make another"


def write(target: Path, described: Manifest, directory: Path) -> None:
    """Writes the bundle to target, whole or not at all. directory: where the manifest's files are."""
    text = described.dump()
    draft = target.with_name(target.name + ".new")
    try:
        with tarfile.open(draft, "w") as tar:
            _add(tar, MANIFEST, text)
            for file in described.files:
                with (directory / file.path).open("rb") as content:
                    tar.addfile(_member(file.path, file.size), content)
            _add(tar, SEAL, manifest.sha256(text).encode() + b"\n")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def read_manifest(source: Path) -> Manifest:
    """What a bundle says of itself, without a look at the rest. UsageError when it is none."""
    with _opened(source) as tar:
        return manifest.load(_first(tar, source), str(source))


def check(source: Path) -> Manifest:
    """Reads all of a bundle, compares every file with the manifest, and returns that.

    UsageError for half a bundle, a damaged file, or something that is no bundle.
    """
    with _opened(source) as tar:
        text = _first(tar, source)
        described = manifest.load(text, str(source))
        expected = {file.path: file for file in described.files}
        total, seal = len(expected), None
        while member := tar.next():
            content = tar.extractfile(member)
            if member.name == SEAL and content:
                seal = content.read().strip()
            else:
                _compare(source, member.name, content, expected.pop(member.name, None))
    if expected or seal is None:
        raise UsageError(
            f"half a bundle: it ends after {total - len(expected)} of {total} files", where=str(source), hint=_AGAIN
        )
    if seal != manifest.sha256(text).encode():
        raise UsageError("damaged: its manifest is not the one that it was made with", where=str(source), hint=_AGAIN)
    return described


def part(source: Path, names: Iterable[str], target: Path) -> None:
    """Writes a tar of some of a bundle's files to target."""
    wanted = set(names)
    with _opened(source) as tar, tarfile.open(target, "w") as out:
        for member in tar:
            if member.name in wanted:
                out.addfile(_member(member.name, member.size), tar.extractfile(member))
                wanted.remove(member.name)
    if wanted:
        raise UsageError(f"it has no {', '.join(sorted(wanted))}", where=str(source), hint=_AGAIN)


def described_file(directory: Path, path: str) -> File:
    """A file below directory as the manifest names it."""
    with (directory / path).open("rb") as content:
        return File(path, (directory / path).stat().st_size, checksum(content))


def checksum(content: IO[bytes]) -> str:
    """SHA-256 of a stream, in hexadecimal."""
    digest = hashlib.sha256()
    for piece in iter(lambda: content.read(_PIECE), b""):
        digest.update(piece)
    return digest.hexdigest()


def _compare(source: Path, name: str, content: IO[bytes] | None, expected: File | None) -> None:
    if expected is None or content is None:
        raise UsageError(f"{name} is in it, and its manifest does not know it", where=str(source), hint=_AGAIN)
    if checksum(content) != expected.sha256:
        raise UsageError(f"damaged: {name} is not what its manifest says", where=str(source), hint=_AGAIN)


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    """The bundle, read from its beginning to its end once."""
    try:
        with tarfile.open(source, "r|") as tar:
            yield tar
    except FileNotFoundError as error:
        raise UsageError("no such bundle", where=str(source), hint="camgrid bundle make") from error
    except (tarfile.TarError, EOFError) as error:
        raise UsageError(f"half a bundle, or none: {error}", where=str(source), hint=_AGAIN) from error


def _first(tar: tarfile.TarFile, source: Path) -> bytes:
    member = tar.next()
    content = tar.extractfile(member) if member and member.name == MANIFEST else None
    if content is None:
        raise UsageError(
            f"this is no bundle: it does not begin with {MANIFEST}", where=str(source), hint="camgrid bundle make"
        )
    return content.read()


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o644
    member.uname = member.gname = "root"
    return member


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    tar.addfile(_member(name, len(content)), io.BytesIO(content))
