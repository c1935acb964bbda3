"""The image that every host starts from: a bare Debian 13 as its installer leaves it, with an SSH server."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from pathlib import Path

from camgrid.errors import CamgridError
from camgrid.lab import mounts
from camgrid.lab.config import STATE, all_labs, machine_lock
from camgrid.lab.run import run

IMAGES = STATE / "image"
SUITE = "trixie"
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
# To be raised when the image is made in another way than the lines above say.
RECIPE = 2


def image_path() -> Path:
    """Where the image of this recipe is, built or not; another recipe has another place."""
    recipe = repr((RECIPE, SUITE, PACKAGES, HOOKS)).encode()
    return IMAGES / f"{SUITE}-{hashlib.sha256(recipe).hexdigest()[:12]}"


def ensure(proxy: str | None) -> Path:
    """The image, built when it is not there. proxy: the URL of an apt cache to build it through."""
    image = image_path()
    if image.is_dir():
        return image
    with machine_lock("image"):
        if not image.is_dir():
            _build(image, proxy)
    return image


def _build(image: Path, proxy: str | None) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    for leftover in IMAGES.glob(".building*"):
        _remove(leftover)
    draft = IMAGES / f".building-{image.name}"
    options = [f'--aptopt=Acquire::http::Proxy "{proxy}"'] if proxy else []
    run(
        [
            *APART,
            "mmdebstrap",
            "--mode=root",
            "--variant=minbase",
            "--include=" + ",".join(PACKAGES),
            *(f"--customize-hook={hook}" for hook in HOOKS),
            *options,
            SUITE,
            draft,
        ],
        hint="can this machine reach the Debian mirror? Then run `scripts/lab up` again",
        patience=0,
    )
    draft.chmod(0o755)
    # It holds no package lists, so their directory is not to look freshly updated; only now is mmdebstrap done with it.
    os.utime(draft / "var/lib/apt/lists", (0, 0))
    draft.rename(image)
    used = {str(image), *(lab.image for lab in all_labs())}
    for old in IMAGES.glob(f"{SUITE}-*"):
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
