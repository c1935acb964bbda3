"""For the role `bundle`: takes out of a bundle what a host lacks, as a tar made once for all that lack the same.

Run as `python -m camgrid.bundle.part BUNDLE`, with the files' names as JSON on stdin, it prints the tar's path.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
from pathlib import Path

from camgrid.bundle import archive
from camgrid.bundle.manifest import sha256
from camgrid.errors import CamgridError


def directory() -> Path:
    """Where parts are until they have been copied: the user's own cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "camgrid" / "bundle"


def part(source: Path, names: list[str]) -> Path:
    """The tar of the named files, made unless another host has asked for it already."""
    described = archive.read_manifest(source)
    told = described.dump() + "\n".join(sorted(names)).encode()
    target = directory() / f"{sha256(told)[:24]}.tar"
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (target.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            draft = target.with_suffix(".new")
            archive.part(source, names, draft)
            draft.replace(target)
    return target


def main() -> None:
    """Makes the part of the bundle named in argv."""
    try:
        print(part(Path(sys.argv[1]), json.load(sys.stdin)))
    except CamgridError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
