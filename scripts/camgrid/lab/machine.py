"""What the lab needs of this machine: the packages that it installs, and what it cannot make up for."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from camgrid.console import say
from camgrid.errors import UsageError
from camgrid.lab import aptcache, network
from camgrid.lab.config import STATE, Lab
from camgrid.lab.run import run, succeeds

# program → the Debian package that has it
PROGRAMS = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "nft": "nftables",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "setpriv": "util-linux",
    "apt-cacher-ng": "apt-cacher-ng",
}
KEYRING = (Path("/usr/share/keyrings/debian-archive-keyring.gpg"), "debian-archive-keyring")
DISK_GB = 10
MEMORY_MB_PER_HOST = 860


def check_kind() -> None:
    """UsageError unless this can be a lab's machine at all: Linux, root, apt."""
    if platform.system() != "Linux":
        raise UsageError(
            "the lab needs Linux",
            where=platform.system(),
            hint="use the Vagrantfile, or a Debian machine of your own",
        )
    if os.geteuid() != 0:
        raise UsageError("the lab needs root: it makes containers, a bridge and mounts", hint="sudo ./scripts/lab …")
    if not shutil.which("apt-get"):
        raise UsageError("the lab needs a machine with apt: Debian 12 or later", hint="use the Vagrantfile")


def check_room(lab: Lab, hosts: int) -> None:
    """UsageError when disk or memory are too small for that many more hosts, or the lab's subnet is taken."""
    if hosts:
        refuse_small(shutil.disk_usage(STATE).free // 10**9, memory_mb("MemAvailable"), hosts)
    if shutil.which("ip"):  # else it is installed in a moment, and looked at before the bridge is made
        network.refuse_conflict(lab)


def refuse_small(disk_gb: int, memory: int, hosts: int) -> None:
    """UsageError when disk_gb or memory (MB) are too little for hosts."""
    if disk_gb < DISK_GB:
        raise UsageError(
            f"{disk_gb} GB free, the lab needs {DISK_GB}", where=str(STATE), hint="free some, or mount a disk there"
        )
    if memory < hosts * MEMORY_MB_PER_HOST:
        raise UsageError(
            f"{memory} MB of memory available, {hosts} hosts need {hosts * MEMORY_MB_PER_HOST}",
            where="MemAvailable in /proc/meminfo",
            hint="end what uses it, or take down another lab (scripts/lab list)",
        )


def check_overlay() -> None:
    """UsageError when the kernel or the file system of the state directory cannot do overlays."""
    probe = STATE / ".overlay-probe"
    try:
        for part in ("lower", "upper", "work", "root"):
            (probe / part).mkdir(parents=True, exist_ok=True)
        options = f"lowerdir={probe}/lower,upperdir={probe}/upper,workdir={probe}/work"
        if not succeeds(["mount", "-t", "overlay", "-o", options, "probe", probe / "root"]):
            raise UsageError(
                "an overlay cannot be mounted there",
                where=str(STATE),
                hint="modprobe overlay; if that directory is itself on an overlay, mount an ext4 or xfs disk there",
            )
        run(["umount", probe / "root"])
    finally:
        shutil.rmtree(probe, ignore_errors=True)


def memory_mb(field: str = "MemTotal") -> int:
    """A field of /proc/meminfo in MB."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, value, *_ = line.replace(":", " ").split()
        if name == field:
            return int(value) // 1024
    raise KeyError(field)


def missing_packages(programs: Mapping[str, str] = PROGRAMS) -> list[str]:
    """Debian packages of this machine that the lab needs and that are not installed. programs: see PROGRAMS."""
    missing = [package for program, package in programs.items() if not shutil.which(program)]
    keyring, package = KEYRING
    return missing if keyring.exists() else [*missing, package]


def install_packages(programs: Mapping[str, str] = PROGRAMS) -> None:
    """Installs what is missing. CamgridError when it cannot be had."""
    missing = missing_packages(programs)
    if not missing:
        return
    say("installing " + ", ".join(missing))
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    with _without_service(aptcache.USER if "apt-cacher-ng" in missing else None):
        run([*environment, "apt-get", "update", "-qq"], hint="can this machine reach its Debian mirror?")
        run([*environment, "apt-get", "install", "-qq", "-y", "--no-install-recommends", *missing])


@contextmanager
def _without_service(service: str | None) -> Iterator[None]:
    """A package that is installed meanwhile does not start or enable its service: the lab runs its own."""
    if not service:
        yield
        return
    mask = Path("/etc/systemd/system", f"{service}.service")
    mask.parent.mkdir(parents=True, exist_ok=True)
    mask.unlink(missing_ok=True)
    mask.symlink_to("/dev/null")
    try:
        yield
    finally:
        mask.unlink(missing_ok=True)
        run(["systemctl", "disable", "--quiet", f"{service}.service"], check=False)
