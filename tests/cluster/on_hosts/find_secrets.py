"""Looks for secrets on the host that it runs on: in processes, in the journal and in files. Prints JSON.

The secrets come by standard input, so that this is not what it finds: {secrets: {name: text}, since: the time before
which there were none, everything: directories that are looked through whatever the modes in them are}. Elsewhere only
what anybody may read is looked at.
"""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

told = json.load(sys.stdin)
secrets = {name: value.encode() for name, value in told["secrets"].items()}
found: list[list[str]] = []


def look(where: str, content: bytes) -> None:
    """Notes which secrets are in content."""
    found.extend([name, where] for name, value in secrets.items() if value in content)


def read(path: Path) -> bytes:
    """What is in a file; nothing when it has gone, as those of a process that has ended."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def whole(directory: str) -> bool:
    """Whether all below is looked through, whatever its mode."""
    return any(f"{directory}/".startswith(f"{each}/") for each in told["everything"])


def opens(directory: str, name: str) -> bool:
    """Whether to go down: not where others may not go, as then they may read nothing below."""
    path = Path(directory, name)
    return str(path) not in ("/proc", "/sys") and (whole(directory) or bool(path.lstat().st_mode & 0o001))


for process in Path("/proc").glob("[0-9]*"):
    for name in ("cmdline", "environ"):
        look(f"{name} of {read(process / 'comm').decode().strip()}", read(process / name))
journal = subprocess.run(["journalctl", "--no-pager", "--output=export"], capture_output=True, check=True).stdout
look("journal", journal)
searched = 0
for directory, below, files in os.walk("/"):
    below[:] = [name for name in below if opens(directory, name)]
    for name in files:
        path = Path(directory, name)
        try:
            state = path.lstat()
        except FileNotFoundError:
            continue
        # Packages' files are as old as the packages.
        recent = state.st_mtime >= told["since"] and state.st_size < 50_000_000
        if recent and stat.S_ISREG(state.st_mode) and (whole(directory) or state.st_mode & 0o004):
            searched += 1
            look(str(path), read(path))
print(json.dumps({"found": found, "searched": searched, "journal": len(journal)}))
