"""The disk that the virtual machine starts from: a bare Debian 13 with a kernel of its own, made once a recipe."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from camgrid.lab import image as lab
from camgrid.lab import tree
from camgrid.lab.config import STATE
from camgrid.lab.rootfs import make_key
from camgrid.lab.run import run
from tests.vm.network import APT_PROXY, NAME_SERVER

IMAGES = STATE / "vm"
# What bare metal boots: with linux-image-cloud-amd64 a good part of what the roles set would not be there to be set.
KERNEL = "linux-image-amd64"
PACKAGES = (*lab.PACKAGES, KERNEL, "initramfs-tools", "udev", "zstd")
ROOT_LABEL = "camgrid-root"
SIZE_GB = 12
# To be raised when the image is made in another way than what goes into the recipe says.
RECIPE = 1
# The initramfs holds what this machine boots from and nothing else: emulated, it is unpacked at a tenth of the speed.
INITRAMFS = {
    "etc/initramfs-tools/conf.d/camgrid": "MODULES=list\nRESUME=none\n",
    "usr/share/initramfs-tools/modules.d/camgrid": "nvme\next4\n",
}
FILES = {
    "etc/hostname": "debian\n",
    "etc/hosts": "127.0.0.1\tlocalhost\n127.0.1.1\tdebian\n",
    "etc/fstab": f"LABEL={ROOT_LABEL} / ext4 defaults 0 1\n",
    "etc/resolv.conf": f"nameserver {NAME_SERVER}\n",
    "etc/systemd/network/10-all.network": "[Match]\nType=ether\n\n[Network]\nDHCP=ipv4\n",
    # Translations would be half of what an update reads.
    "etc/apt/apt.conf.d/00camgrid-vm": f'Acquire::http::Proxy "{APT_PROXY}";\nAcquire::Languages "none";\n',
    # It boots from the one that is beside its disk; to make another takes minutes here.
    "etc/initramfs-tools/update-initramfs.conf": "update_initramfs=no\n",
    # Each package would wait for the emulated disk several times.
    "etc/dpkg/dpkg.cfg.d/camgrid-vm": "force-unsafe-io\n",
}


def image_path() -> Path:
    """Where the image of this recipe is, built or not; another recipe has another place."""
    recipe = repr((RECIPE, lab.SUITE, PACKAGES, lab.HOOKS, SIZE_GB, INITRAMFS, FILES)).encode()
    return IMAGES / f"{lab.SUITE}-{hashlib.sha256(recipe).hexdigest()[:12]}"


def ensure(proxy: str) -> Path:
    """A directory with root.img, vmlinuz, initrd.img, ssh_key and known_host, built when it is not there.

    proxy: the URL of an apt cache to build it through. CamgridError when it cannot be built.
    """
    image = image_path()
    IMAGES.mkdir(parents=True, exist_ok=True)
    # Not the labs' lock: they need not wait for this one.
    with (IMAGES / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not image.is_dir():
            _build(image, proxy)
    return image


def _build(image: Path, proxy: str) -> None:
    for old in [] if list(_runs()) else IMAGES.glob(f"*{lab.SUITE}-*"):
        shutil.rmtree(old)
    draft = IMAGES / f".building-{image.name}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    root = draft / "root"
    options = [f'--aptopt=Acquire::http::Proxy "{proxy}"']
    tree.install(root, lab.SUITE, PACKAGES, hooks=lab.HOOKS, early=INITRAMFS, options=options)
    tree.write(root, FILES | {"etc/machine-id": f"{uuid.uuid4().hex}\n"})
    make_key(draft / "ssh_key", comment="tests/vm")
    make_key(draft / "host_key", comment="root@vm")
    tree.write(root, {"root/.ssh/authorized_keys": (draft / "ssh_key.pub").read_text()})
    shutil.move(draft / "host_key", root / "etc/ssh/ssh_host_ed25519_key")
    shutil.copy(draft / "host_key.pub", root / "etc/ssh/ssh_host_ed25519_key.pub")
    (draft / "host_key.pub").rename(draft / "known_host")
    for name in ("vmlinuz", "initrd.img"):
        shutil.copy(next((root / "boot").glob(f"{name}-*")), draft / name)
    disk = draft / "root.img"
    run(["truncate", f"--size={SIZE_GB}G", disk])
    run(["mke2fs", "-q", "-t", "ext4", "-L", ROOT_LABEL, "-d", root, disk])
    shutil.rmtree(root)
    draft.rename(image)


def run_directory() -> Path:
    """A new directory for the disks of one machine. Those that a killed run left are removed."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    running = set(_runs())
    for left in set(IMAGES.glob("run-*")) - running:
        shutil.rmtree(left)
    return Path(tempfile.mkdtemp(prefix=f"run-{os.getpid()}-", dir=IMAGES))


def _runs() -> Iterator[Path]:
    """The directories of machines whose tests still run."""
    for path in IMAGES.glob("run-*"):
        if Path("/proc", path.name.split("-")[1]).exists():
            yield path
