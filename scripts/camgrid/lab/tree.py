"""A Debian in a directory, from which images of hosts and disks of machines are made."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from camgrid.lab.run import run

# In namespaces of its own a build that is interrupted, or whose parent is killed, leaves no process and no mount.
APART = (
    "setpriv",
    "--pdeathsig",
    "KILL",
    "unshare",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
)


def install(
    root: Path,
    suite: str,
    packages: Sequence[str],
    *,
    hooks: Sequence[str] = (),
    early: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
) -> None:
    """Installs a release with packages and all that they need into root, which is not there yet.

    hooks: shell commands that end it, with the directory as $1; early: files, path → content, that are there before the
    packages are; options: further ones of mmdebstrap. CamgridError when it cannot be done.
    """
    with tempfile.TemporaryDirectory(prefix="camgrid-tree-") as beforehand:
        write(Path(beforehand), early or {})
        run(
            [
                *APART,
                "mmdebstrap",
                "--mode=root",
                "--variant=minbase",
                "--include=" + ",".join(packages),
                *([f'--essential-hook=cp --recursive {beforehand}/. "$1"'] if early else []),
                *(f"--customize-hook={hook}" for hook in hooks),
                *options,
                suite,
                root,
            ],
            hint="can this machine reach the Debian mirror? Then run it again",
            patience=0,
        )


def write(root: Path, files: Mapping[str, str]) -> None:
    """Writes files below root, path → content, with the modes that SSH and sudo want of theirs."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(0o600 if path.name == "authorized_keys" else 0o440 if path.parent.name == "sudoers.d" else 0o644)
