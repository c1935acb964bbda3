"""The image that every host starts from: a bare Debian as its installer leaves it, with an SSH server."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from pathlib import Path

from camgrid.errors import CamgridError
from camgrid.lab import mounts, tree
from camgrid.lab.config import STATE, all_labs, machine_lock

IMAGES = STATE / "image"
# Debian's release → the PostgreSQL that it brings. Hosts are trixie's unless a lab is made with another.
SUITE = "trixie"
SUITES = {SUITE: 17, "forky": 18}
# What a bare host has once its owner can log in and Ansible can work. Nothing of the cluster belongs here:
# a role that forgets a package is to fail in the lab as it would on bare metal.
PACKAGES = (
    "ca-certificates",
    "dbus",
    "iproute2",
    "iputils-ping",
    "kmod",
    "libpam-systemd",
    "openssh-server",
    "openssh-sftp-server",
    "procps",
    "python3",
    "python3-apt",
    "sudo",
    "systemd",
    "systemd-sysv",
    "tzdata",
)
HOOKS = (
    'chroot "$1" systemctl enable systemd-networkd.service',
    # Every host gets an identity of its own before it first boots.
    'rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/hostname "$1"/etc/resolv.conf "$1"/var/lib/dbus/machine-id',
    # The options that the image was built with are this machine's, not the hosts'.
    'rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap',
)


# The lists of a release that is still being made expire within a week; caches and frozen mirrors keep them longer.
UNCHECKED = 'Acquire::Check-Valid-Until "false";'

# To be raised when the image is made in another way than the lines above say.
RECIPE = 2


def image_path(suite: str) -> Path:
    """Where the image of this recipe is, built or not; another recipe has another place."""
    recipe = repr((RECIPE, suite, PACKAGES, _hooks(suite))).encode()
    return IMAGES / f"{suite}-{hashlib.sha256(recipe).hexdigest()[:12]}"


def _hooks(suite: str) -> tuple[str, ...]:
    if suite == SUITE:
        return HOOKS
    return *HOOKS, f"echo '{UNCHECKED}' >\"$1\"/etc/apt/apt.conf.d/00release"


def ensure(suite: str, proxy: str | None) -> Path:
    """The image of a release of SUITES, built when it is not there. proxy: the URL of an apt cache to build through."""
    image = image_path(suite)
    if image.is_dir():
        return image
    with machine_lock("image"):
        if not image.is_dir():
            _build(suite, image, proxy)
    return image


def _build(suite: str, image: Path, proxy: str | None) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    for leftover in IMAGES.glob(".building*"):
        _remove(leftover)
    draft = IMAGES / f".building-{image.name}"
    options = [f'--aptopt=Acquire::http::Proxy "{proxy}"'] if proxy else []
    options += [] if suite == SUITE else [f"--aptopt={UNCHECKED.rstrip(';')}"]
    tree.install(draft, suite, PACKAGES, hooks=_hooks(suite), options=options)
    draft.chmod(0o755)
    # It holds no package lists, so their directory is not to look freshly updated; only now is mmdebstrap done with it.
    os.utime(draft / "var/lib/apt/lists", (0, 0))
    draft.rename(image)
    used = {str(image), *(lab.image for lab in all_labs())}
    for old in IMAGES.glob(f"{suite}-*"):
        if str(old) not in used:
            _remove(old)


def purge() -> None:
    """Removes all images."""
    if IMAGES.is_dir():
        with machine_lock("image"):
            _remove(IMAGES)


def _remove(directory: Path) -> None:
    mounts.unmount_below(directory)
    for patience in (0.2, 1, 5):  # a build that has just been killed may still write its last file
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return
        time.sleep(patience)
    raise CamgridError("it cannot be removed", where=str(directory), hint=f"who uses it? fuser -vm {directory}")
