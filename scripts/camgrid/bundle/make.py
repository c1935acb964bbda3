"""Makes a bundle: asks the roles what they install, lets apt complete and download that, and packs it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from camgrid.bundle import archive, control, wanted
from camgrid.bundle.aptroot import AptRoot
from camgrid.bundle.manifest import File, Manifest, packages_of
from camgrid.bundle.releases import Release
from camgrid.console import say
from camgrid.errors import CamgridError, UsageError
from camgrid.inventory import Inventory
from camgrid.topology import Topology


@dataclass(frozen=True)
class Request:
    """What to make. sources: apt sources in place of the release's own; with_control: the kit's own wheels too."""

    output: Path
    release: Release
    architecture: str
    sources: str = ""
    with_control: bool = False

    @property
    def tested(self) -> bool:
        """Whether hosts have been installed from a bundle like it."""
        return self.architecture in self.release.tested and not self.sources


def make(request: Request, inventory: Inventory, topology: Topology) -> Manifest:
    """Makes the bundle that the request describes, at its output. CamgridError says what is missing."""
    asked = {"(every host)": list(wanted.EVERY_HOST)} | wanted.packages(inventory, topology)
    citus = [citus_file(topology, request.architecture)] if topology.sharded else []
    sources = request.sources or _own_sources(request)
    if not request.output.parent.is_dir():
        raise UsageError("no such directory", where=str(request.output.parent), hint="name another with --output")
    # Beside the output, where there must be room anyway.
    with tempfile.TemporaryDirectory(dir=request.output.parent, prefix=".camgrid-bundle-") as name:
        directory = Path(name)
        apt = AptRoot(directory / "apt", sources, request.architecture)
        say(f"package lists of {request.release.title} ({request.release.name}, {request.architecture}) …")
        apt.update()
        refuse_unknown(asked, apt.names(), request.release)
        names = sorted({name for each in asked.values() for name in each})
        say(f"{len(names)} packages that the roles ask for, and what they depend on …")
        downloaded = apt.download([*names, *map(str, citus)])
        content = directory / "content"
        (content / "pool").mkdir(parents=True)
        for file in downloaded:
            # The version's epoch is in the name, as %3a, which some file systems and tools take amiss.
            file.rename(content / "pool" / file.name.replace("%3a", "+"))
        for file in citus:
            (content / "pool" / file.name).write_bytes(file.read_bytes())
        index = write_index(content, request.release, request.architecture)
        wheels, python = control.download(content) if request.with_control else ([], "")
        described = Manifest(
            release=request.release.name,
            tested=request.tested,
            architecture=request.architecture,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            camgrid=version("camgrid"),
            phase=topology.phase,
            postgresql_version=topology.postgresql_version,
            roles=asked,
            packages=packages_of((content / "Packages").read_text()),
            index=index,
            control=wheels,
            python=python,
        )
        archive.write(request.output, described, content)
    return described


def citus_file(topology: Topology, architecture: str) -> Path:
    """The Citus package to take. UsageError when the packages directory has none for the architecture."""
    prefix = f"postgresql-{topology.postgresql_version}-citus-"
    suitable = [
        file
        for file in sorted(Path(topology.packages_dir).glob(f"{prefix}*.deb"))
        if file.stem.endswith((f"_{architecture}", "_all"))
    ]
    if not suitable:
        raise UsageError(
            f"phase {topology.phase} needs Citus, and there is no {prefix}*_{architecture}.deb",
            where=topology.packages_dir,
            hint="put the package there (Citus's apt repository has it), or name another camgrid_packages_dir",
        )
    return suitable[-1]


def refuse_unknown(asked: dict[str, list[str]], known: set[str], release: Release) -> None:
    """UsageError when the release's repositories lack a package that a role asks for."""
    absent = {role: sorted(set(names) - known) for role, names in asked.items() if set(names) - known}
    if absent:
        told = "; ".join(f"{', '.join(names)} ({role})" for role, names in absent.items())
        raise UsageError(
            f"its repositories do not have what these roles ask for: {told}",
            where=f"{release.title} ({release.name})",
            hint="name a file with apt sources that have them, the release's own among them, with --sources",
        )


def write_index(content: Path, release: Release, architecture: str) -> list[File]:
    """Writes Packages and Release over content/pool, as apt reads them from a directory without a hierarchy."""
    (content / "Packages").write_text(_ftparchive(content, "packages", "pool"))
    fields = {"Origin": "camgrid", "Label": "camgrid", "Suite": release.name, "Architectures": architecture}
    options = [f"--option=APT::FTPArchive::Release::{key}={value}" for key, value in fields.items()]
    (content / "Release").write_text(_ftparchive(content, *options, "release", "."))
    return [archive.described_file(content, name) for name in ("Packages", "Release")]


def _own_sources(request: Request) -> str:
    if not request.release.keyring.exists():
        raise UsageError(
            f"the keys that sign {request.release.title} are not on this machine",
            where=str(request.release.keyring),
            hint=f"install {request.release.keyring_package}, or name sources with keys of their own with --sources",
        )
    return request.release.sources()


def _ftparchive(directory: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["apt-ftparchive", *words], cwd=directory, text=True, stdout=subprocess.PIPE, stderr=sys.stderr, check=False
        )
    except FileNotFoundError as error:
        raise CamgridError("apt-ftparchive is not on this machine", hint="install apt-utils") from error
    if done.returncode:
        raise CamgridError(f"apt-ftparchive failed ({done.returncode})", where=str(directory))
    return done.stdout
