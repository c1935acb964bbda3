"""What a control machine without internet needs for camgrid itself: the wheels of its dependencies."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

from camgrid.bundle import archive
from camgrid.bundle.manifest import File
from camgrid.errors import CamgridError
from camgrid.playbook import ROOT

DIRECTORY = "control"


def download(content: Path) -> tuple[list[File], str]:
    """Downloads the wheels to content/control; returns them and the Python that they are for, which is this one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    target = content / DIRECTORY
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]
    if subprocess.run([*command, f"--dest={target}", *needed], check=False, stdout=sys.stderr).returncode:
        raise CamgridError(
            "pip could not download camgrid's dependencies", hint="see the lines above, or leave --with-control out"
        )
    files = [archive.described_file(content, f"{DIRECTORY}/{file.name}") for file in sorted(target.iterdir())]
    return files, f"{sys.version_info.major}.{sys.version_info.minor} {sysconfig.get_platform()}"
