"""What a bundle says of itself: for whom it is, each package's version, size and checksum."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from camgrid.errors import UsageError

# To be raised when an older camgrid could not use what a newer one makes.
FORMAT = 1


@dataclass(frozen=True)
class File:
    """A file of the bundle by its path in there. size: bytes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Package:
    """A Debian package, and its file. installed_kib: what it takes on a host, as the package says."""

    name: str
    version: str
    architecture: str
    path: str
    size: int
    sha256: str
    installed_kib: int

    @property
    def file(self) -> File:
        """The .deb."""
        return File(self.path, self.size, self.sha256)


@dataclass(frozen=True)
class Manifest:
    """roles: role → packages that it asked for; index: apt's files; control: what the control machine needs."""

    release: str
    tested: bool
    architecture: str
    created: str
    camgrid: str
    phase: str
    postgresql_version: int
    roles: dict[str, list[str]]
    packages: list[Package]
    index: list[File]
    control: list[File] = field(default_factory=list)
    python: str = ""  # the Python that `control` is for, as in "3.11 linux-x86_64"

    @property
    def citus(self) -> str:
        """The version of Citus for the manifest's PostgreSQL; empty without one."""
        prefix = f"postgresql-{self.postgresql_version}-citus-"
        return next((each.version for each in self.packages if each.name.startswith(prefix)), "")

    @property
    def on_hosts(self) -> list[File]:
        """What every host gets."""
        return [*self.index, *(each.file for each in self.packages)]

    @property
    def files(self) -> list[File]:
        """Everything in the bundle but the manifest."""
        return [*self.on_hosts, *self.control]

    def dump(self) -> bytes:
        """As it is written into the bundle; json.loads reads it."""
        return (json.dumps({"format": FORMAT} | asdict(self), indent=1) + "\n").encode()


def load(text: bytes, where: str) -> Manifest:
    """The manifest that dump() wrote. UsageError when it is another's, or of a newer format."""
    try:
        data: dict[str, Any] = json.loads(text)
        made_by = data.pop("format")
        if made_by != FORMAT:
            raise UsageError(
                f"its format is {made_by}, and this camgrid reads {FORMAT}",
                where=where,
                hint="use the camgrid that made it, or make the bundle again with this one",
            )
        data["packages"] = [Package(**each) for each in data["packages"]]
        for key in ("index", "control"):
            data[key] = [File(**each) for each in data[key]]
        return Manifest(**data)
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"its manifest cannot be read: {error}", where=where, hint="copy the bundle again, or make another"
        ) from error


def packages_of(index: str) -> list[Package]:
    """The packages of an apt index (a Packages file), in its order."""
    found = []
    for stanza in index.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line and not line.startswith(" "))
        found.append(
            Package(
                fields["Package"],
                fields["Version"],
                fields["Architecture"],
                fields["Filename"],
                int(fields["Size"]),
                fields["SHA256"],
                int(fields.get("Installed-Size", 0)),
            )
        )
    return found


def sha256(content: bytes) -> str:
    """The checksum of something in memory, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
