"""This package as one file that Python runs from, the same bytes for the same sources.

Run as `python -m camgrid.statuspage.archive FILE` it writes FILE where it differs, and prints whether it did.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
# What a monitor has no use for.
_LEFT_OUT = frozenset(
    {"ansible", "bench", "bundle", "capacity", "chaos", "cli", "dashboards", "ingest", "lab", "report", "router"}
)
_MOMENT = (2020, 1, 1, 0, 0, 0)


def packed() -> bytes:
    """The archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(_PACKAGE.rglob("*")):
            inside = path.relative_to(_PACKAGE)
            if path.suffix in (".py", ".sql", ".j2") and inside.parts[0] not in _LEFT_OUT:
                entry = zipfile.ZipInfo(f"camgrid/{inside.as_posix()}", _MOMENT)
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return made.getvalue()


def main() -> None:
    """Writes it."""
    path, content = Path(sys.argv[1]).expanduser(), packed()
    changed = not path.exists() or path.read_bytes() != content
    if changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.write_bytes(content)
        draft.replace(path)
    print("changed" if changed else "the same")


if __name__ == "__main__":
    main()
