"""An apt of its own: its sources, lists and downloads are in one directory, for any release and architecture.

Its dpkg status is empty, so that what apt resolves is complete down to libc: a bundle assumes nothing of its hosts.
The machine's own configuration is still read, for the proxies and certificates that it needs to get out.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from camgrid.errors import CamgridError

# apt's hooks would act on this machine's own packages.
_HOOKS = ("APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success", "DPkg::Pre-Install-Pkgs", "DPkg::Post-Invoke")


class AptRoot:
    """apt in `directory`, which is empty and goes with it. sources: as in a sources.list, or in deb822 style."""

    def __init__(self, directory: Path, sources: str, architecture: str) -> None:
        self.directory, self.archives = directory, directory / "archives"
        self._config = directory / "apt.conf"
        for needed in (directory / "lists/partial", self.archives / "partial", directory / "sources.d"):
            needed.mkdir(parents=True)
        (directory / "status").touch()
        style = "sources" if sources.lstrip().startswith(("Types:", "#")) and "\nURIs:" in sources else "list"
        (directory / "sources.d" / f"camgrid.{style}").write_text(sources)
        self._config.write_text(configuration(directory, architecture))

    def update(self) -> None:
        """Gets the package lists. CamgridError with apt's own words when one cannot be had or is not signed."""
        self._run("apt-get", "-q", "update", "--error-on=any", hint="can this machine reach the repositories?")

    def names(self) -> set[str]:
        """Every package that the sources have."""
        return set(self._run("apt-cache", "pkgnames").split())

    def download(self, wanted: list[str]) -> list[Path]:
        """Downloads packages (names, or paths of .deb files) with all that they depend on; returns what was downloaded.

        apt compares each with the checksum in its signed lists.
        """
        command = ["apt-get", "-q", "-y", "install", "--download-only", "--no-install-recommends", *wanted]
        self._run(*command, hint="the lines above say which packages do not go together, or did not arrive", seen=True)
        return sorted(self.archives.glob("*.deb"))

    def _run(self, program: str, *words: str, hint: str = "", seen: bool = False) -> str:
        """What a program of apt prints. seen: shown on stderr as it comes, since it may take minutes."""
        try:
            done = subprocess.run(
                [program, f"--config-file={self._config}", *words],
                env=os.environ | {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr if seen else subprocess.PIPE,
                stderr=None if seen else subprocess.PIPE,
                text=True,
                check=False,
            )
        except FileNotFoundError as error:
            raise CamgridError(
                f"{program} is not on this machine", hint="install apt; other Linux systems have it as a package too"
            ) from error
        if done.returncode:
            last = "" if seen else ": " + "\n".join((done.stderr or done.stdout).strip().splitlines()[-6:])
            raise CamgridError(f"{program} failed ({done.returncode}){last}", hint=hint)
        return done.stdout or ""


def configuration(directory: Path, architecture: str) -> str:
    """apt's configuration, read after the machine's own and over it."""
    hooks = "".join(f"#clear {name};\n" for name in _HOOKS)
    return f"""\
{hooks}#clear APT::Architectures;
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Default-Release "";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
// The directory is its owner's alone, where apt's own user cannot go.
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "{directory}/sources.d";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "{directory}";
Dir::State::Lists "{directory}/lists";
Dir::State::Status "{directory}/status";
Dir::Cache "{directory}";
Dir::Cache::Archives "{directory}/archives";
"""
