"""The releases that a bundle can be made for, and where their packages come from unless the operator names sources."""

from __future__ import annotations

import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

from camgrid.errors import UsageError

_FORMAT = "$(REPO_URI) $(RELEASE) $(COMPONENT)"
_HINT = "name a file with apt sources of it with --sources"


@dataclass(frozen=True)
class Release:
    """A release by its code name. tested: the architectures that hosts have been installed on from a bundle of it."""

    name: str
    title: str
    keyring: Path
    keyring_package: str
    tested: tuple[str, ...] = ()

    @property
    def distribution(self) -> str:
        """The distribution as /etc/os-release has it."""
        return self.title.split()[0].lower()

    def sources(self) -> str:
        """Its repositories at the mirrors that this machine's own apt uses, as apt reads them.

        UsageError where this machine is of another distribution, or has no apt.
        """
        machine = platform.freedesktop_os_release()
        if machine["ID"] != self.distribution:
            raise UsageError(
                f"this machine's apt has mirrors of {machine['ID']}, not of {self.title}",
                where="/etc/apt",
                hint=_HINT,
            )
        return self.at(_indexes(), machine["VERSION_CODENAME"])

    def at(self, indexes: str, codename: str) -> str:
        """Its repositories at the mirrors of a machine. indexes: address, suite and component of each index that the
        machine's apt reads, line by line; codename: the machine's release. UsageError without one of that release."""
        found = {
            f"deb [signed-by={self.keyring}] {address} {suite.replace(codename, self.name, 1)} {component}"
            for address, suite, component in (line.split() for line in indexes.splitlines())
            if suite.split("-")[0] == codename
        }
        if not found:
            raise UsageError(f"this machine's apt has no mirror of {codename}", where="/etc/apt", hint=_HINT)
        return "\n".join(sorted(found)) + "\n"


def _indexes() -> str:
    command = ["apt-get", "indextargets", "--format", _FORMAT, "Created-By: Packages"]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise UsageError(f"apt does not say which mirrors it uses: {error}", where="/etc/apt", hint=_HINT) from error


_DEBIAN_KEYS = (Path("/usr/share/keyrings/debian-archive-keyring.gpg"), "debian-archive-keyring")
_UBUNTU_KEYS = (Path("/usr/share/keyrings/ubuntu-archive-keyring.gpg"), "ubuntu-keyring")
RELEASES = {
    release.name: release
    for release in (
        Release("trixie", "Debian 13", *_DEBIAN_KEYS, tested=("amd64",)),
        Release("bookworm", "Debian 12", *_DEBIAN_KEYS),
        Release("noble", "Ubuntu 24.04 LTS", *_UBUNTU_KEYS),
        Release("jammy", "Ubuntu 22.04 LTS", *_UBUNTU_KEYS),
    )
}
# The kernel's name of a machine → dpkg's.
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
