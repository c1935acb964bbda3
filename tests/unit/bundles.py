"""Bundles for unit tests: real archives, with small files in place of packages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from camgrid.bundle import archive
from camgrid.bundle.manifest import Manifest, Package

# All that the roles ask for in tests/unit/inventories.py is read from the roles; Citus is a package of its own.
CITUS = "postgresql-17-citus-14.0"


def make(target: Path, names: list[str], **said: Any) -> Manifest:
    """Writes a bundle of packages with these names to target; said replaces what its manifest says."""
    content = target.parent / f"content-{target.name}"
    (content / "pool").mkdir(parents=True)
    (content / "Packages").write_text("an index\n")
    packages = []
    for name in names:
        path = f"pool/{name}_1.0_amd64.deb"
        (content / path).write_text(f"the package {name}\n" * 500)
        file = archive.described_file(content, path)
        packages.append(Package(name, "1.0", "amd64", path, file.size, file.sha256, 12))
    made = Manifest(
        **{
            "release": "trixie",
            "tested": True,
            "architecture": "amd64",
            "created": "2026-01-02T03:04:05+00:00",
            "camgrid": "0.1.0",
            "phase": "horizontal",
            "postgresql_version": 17,
            "roles": {},
            "packages": packages,
            "index": [archive.described_file(content, "Packages")],
        }
        | said
    )
    archive.write(target, made, content)
    return made
