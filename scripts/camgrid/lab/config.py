"""What a lab is: its name, its subnet, where it keeps its things, and what it remembers between runs."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError
from pathlib import Path

from camgrid.console import say
from camgrid.errors import CamgridError, UsageError

ROOT = Path(__file__).resolve().parents[3]
STATE = Path("/var/lib/camgrid")
DEFAULT_NAME = "lab"
# The committed inventory's subnet; labs elsewhere get its addresses moved into theirs.
BASE_SUBNET = IPv4Network("10.77.0.0/24")
# An interface's name has at most 15 characters, and tables, units and hosts are named after the lab as well.
NAME_PATTERN = re.compile(r"[a-z][a-z0-9]{0,7}")


def packages_dir() -> Path:
    """Where local packages (Citus) are looked for."""
    return Path(os.environ.get("CAMGRID_PACKAGES", "/var/cache/camgrid/packages"))


@dataclass
class Lab:
    """A lab of this machine. The fields after subnet are its memory: what earlier runs of `up` decided."""

    name: str
    subnet: IPv4Network = BASE_SUBNET
    suite: str = "trixie"  # Debian's release, one of camgrid.lab.image.SUITES
    image: str = ""  # directory of the image that the hosts' disks lie over
    phase: str = ""  # the highest phase that it was brought to
    extra_replica: bool = False
    limit: str = ""  # the phase that it is not to go beyond; "" for the highest that this machine can run
    data: str = ""  # what was imported last
    bundle: str = ""  # where hosts have no way out: the file that they install from
    extra_groups: list[int] = field(default_factory=list)  # worker groups beside the committed inventory's

    @classmethod
    def open(cls, name: str = DEFAULT_NAME, subnet: str | None = None) -> Lab:
        """The lab of that name as it was left, or a new one. UsageError when name or subnet cannot be."""
        if not NAME_PATTERN.fullmatch(name):
            raise UsageError(
                f"{name!r} cannot be a lab's name",
                hint="1 to 8 lower-case letters and digits, a letter first, such as --name test",
            )
        lab = cls(name)
        known = lab._recall()
        wanted = parse_subnet(subnet) if subnet else None
        if wanted and known and wanted != lab.subnet:
            raise UsageError(
                f"lab {name} has the subnet {lab.subnet}, not {wanted}",
                hint=f"take it down first: scripts/lab down --name {name}",
            )
        lab.subnet = wanted or lab.subnet
        return lab

    def _recall(self) -> bool:
        try:
            record = json.loads(self.record.read_text())
            record["subnet"] = IPv4Network(record["subnet"])
        except (FileNotFoundError, ValueError, KeyError):
            return False  # new, or an earlier run was killed; `down` finds everything by name then
        for key in record.keys() & asdict(self).keys():
            setattr(self, key, record[key])
        return True

    def save(self) -> None:
        """Writes what the lab remembers; whole or not at all."""
        self.directory.mkdir(parents=True, exist_ok=True)
        draft = self.record.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self) | {"subnet": str(self.subnet)}, indent=2) + "\n")
        draft.replace(self.record)

    @property
    def directory(self) -> Path:
        return STATE / "labs" / self.name

    @property
    def record(self) -> Path:
        return self.directory / "lab.json"

    @property
    def key(self) -> Path:
        """The private key that root of every host of the lab accepts."""
        return self.directory / "ssh_key"

    @property
    def known_hosts(self) -> Path:
        return self.directory / "known_hosts"

    @property
    def bridge(self) -> str:
        return f"cg-{self.name}"

    @property
    def gateway(self) -> IPv4Address:
        """This machine's address on the lab's bridge."""
        return self.subnet[1]

    def host_dir(self, host: str) -> Path:
        """Where a host's disk, console log and keys are."""
        return self.directory / "hosts" / host

    @property
    def addresses(self) -> dict[str, str]:
        """Hosts that have been switched on once, running or not, with the addresses that they got then."""
        found = sorted((self.directory / "hosts").glob("*/address"))
        return {file.parent.name: file.read_text() for file in found}

    def address(self, host: str) -> str:
        """The address of a host. UsageError when the lab has no such host."""
        addresses = self.addresses
        if host not in addresses:
            known = f"its hosts: {', '.join(addresses)}" if addresses else f"scripts/lab up --name {self.name}"
            raise UsageError(f"lab {self.name} has no host {host}", hint=known)
        return addresses[host]

    @property
    def control_sockets(self) -> Path:
        """Where Ansible keeps its shared SSH connections to the lab's hosts, each named by its address."""
        return self.directory / "cp"


def all_labs() -> list[Lab]:
    """The labs of this machine, running or stopped."""
    labs = STATE / "labs"
    names = sorted(each.name for each in labs.iterdir() if each.is_dir()) if labs.is_dir() else []
    return [Lab.open(name) for name in names if NAME_PATTERN.fullmatch(name)]


def parse_subnet(text: str) -> IPv4Network:
    """The subnet that text names. UsageError unless it is private and holds the inventory's addresses."""
    try:
        subnet = IPv4Network(text)
    except (AddressValueError, NetmaskValueError, ValueError) as error:
        raise UsageError(f"{text!r} is no IPv4 subnet: {error}", hint="such as --subnet 10.78.0.0/24") from error
    if not subnet.is_private or not 16 <= subnet.prefixlen <= BASE_SUBNET.prefixlen:
        raise UsageError(f"{subnet} will not do", hint="a private subnet of /16 to /24, such as --subnet 10.78.0.0/24")
    return subnet


@contextmanager
def lab_lock(lab: Lab) -> Iterator[None]:
    """One `up` or `down` of a lab at a time; the second is refused, since it would undo the first."""
    path = STATE / "labs" / f"{lab.name}.lock"
    with _locked(path, wait=False, what=f"lab {lab.name}"):
        try:
            yield
        finally:
            if not lab.directory.exists():  # refused, or taken down: nothing is to stay
                path.unlink(missing_ok=True)


@contextmanager
def machine_lock(purpose: str) -> Iterator[None]:
    """What labs share (image, apt cache, IP forwarding) is changed by one of them at a time."""
    with _locked(STATE / "machine.lock", wait=True, what=purpose):
        yield


@contextmanager
def _locked(path: Path, *, wait: bool, what: str) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip() or "unknown"
            if not wait:
                raise CamgridError(
                    f"{what} is being changed by another process",
                    where=f"process {owner}",
                    hint="wait for it to end, or stop it, and run this again",
                ) from None
            say(f"{what}: waiting for process {owner}, which is at it already")
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
        file.truncate(0)
