"""Makes a Vagrant box for libvirt: the lab's bare Debian 13 with a kernel, a boot loader and Vagrant's login.

For machines that cannot fetch a public box. Nothing is mounted and no loop device is used, so it works in a container.
"""

from __future__ import annotations

import argparse
import json
import shutil
import struct
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from camgrid.console import say
from camgrid.errors import CamgridError, UsageError
from camgrid.lab import image, tree
from camgrid.lab.machine import check_kind
from camgrid.lab.run import run

# What bare metal boots. The boot loader without grub-pc, which asks on which disk to install itself.
PACKAGES = (
    *image.PACKAGES,
    "grub-pc-bin",
    "grub2-common",
    "initramfs-tools",
    "linux-image-amd64",
    "systemd-resolved",
    "udev",
    "zstd",
)
PROGRAMS = {"mmdebstrap": "mmdebstrap", "mke2fs": "e2fsprogs", "qemu-img": "qemu-utils"}
# Where Vagrant keeps the public key of the login that a box has until its first boot.
KEYS = ("/usr/share/rubygems-integration/all/gems/vagrant-*/keys", "/opt/vagrant/embedded/gems/gems/vagrant-*/keys")
LABEL = "camgrid"
DISK_GB = 20
SECTOR = 512
FIRST_SECTOR = 2048
CONSOLES = "console=tty0 console=ttyS0"
FILES = {
    "etc/hostname": "debian\n",
    "etc/hosts": "127.0.0.1\tlocalhost\n127.0.1.1\tdebian\n",
    "etc/fstab": f"LABEL={LABEL} / ext4 defaults,discard 0 1\n",
    # Filled at the first boot, and no question asked then.
    "etc/machine-id": "",
    # The image has no host keys: each machine makes its own.
    "etc/systemd/system/ssh.service.d/host-keys.conf": (
        "[Service]\nExecStartPre=\nExecStartPre=/usr/bin/ssh-keygen -A\nExecStartPre=/usr/sbin/sshd -t\n"
    ),
    # After the file that Vagrant writes for the private network's interface, which therefore wins.
    "etc/systemd/network/80-all.network": "[Match]\nType=ether\n\n[Network]\nDHCP=ipv4\n",
    "etc/sudoers.d/vagrant": "vagrant ALL=(ALL) NOPASSWD: ALL\n",
    "etc/default/grub": f'GRUB_TIMEOUT=0\nGRUB_CMDLINE_LINUX="{CONSOLES}"\nGRUB_TERMINAL=console\n',
    "boot/grub/grub.cfg": f"linux /vmlinuz root=LABEL={LABEL} ro {CONSOLES}\ninitrd /initrd.img\nboot\n",
}
# Before the kernel, whose initramfs then holds what such a machine boots from: it is ten times smaller.
EARLY = {
    "etc/initramfs-tools/conf.d/camgrid": "MODULES=list\nRESUME=none\n",
    "usr/share/initramfs-tools/modules.d/camgrid": "virtio_pci\nvirtio_blk\nvirtio_scsi\nsd_mod\nahci\nnvme\next4\n",
}
GRUB_MODULES = ("biosdisk", "part_msdos", "ext2", "linux", "normal", "search", "search_label", "configfile")


def main() -> None:
    """Makes the box that argv names."""
    parser = argparse.ArgumentParser(prog="scripts/vagrant-box", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("box", type=Path, help="the file to write, such as trixie.box; then: vagrant box add")
    parser.add_argument("options", nargs=argparse.REMAINDER, help="further options of mmdebstrap, such as --aptopt=…")
    arguments = parser.parse_args()
    try:
        build(arguments.box, arguments.options)
    except CamgridError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)


def build(box: Path, options: Sequence[str] = ()) -> None:
    """Writes a box. CamgridError when it cannot be built; then there is no file."""
    check_kind()
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    if missing:
        raise UsageError("programs are missing", hint=f"apt-get install {' '.join(missing)}")
    with tempfile.TemporaryDirectory(prefix="camgrid-box-", dir=box.absolute().parent) as directory:
        root, disk, qcow = (Path(directory, name) for name in ("root", "disk.raw", "box.img"))
        say("installing Debian")
        _install(root, options)
        say("making the disk")
        _write_disk(root, disk)
        run(["qemu-img", "convert", "-c", "-O", "qcow2", disk, qcow])
        metadata = Path(directory, "metadata.json")
        metadata.write_text(json.dumps({"provider": "libvirt", "format": "qcow2", "virtual_size": DISK_GB}))
        draft = Path(directory, "box")
        with tarfile.open(draft, "w:gz", compresslevel=1) as archive:  # the disk is compressed already
            for part in (metadata, qcow):
                archive.add(part, part.name)
        draft.rename(box)
    say(f"{box} is made: vagrant box add --name camgrid/trixie64 {box}")


def public_keys() -> str:
    """The public keys that Vagrant logs in with at first. CamgridError where Vagrant is not installed."""
    found = [key for pattern in KEYS for key in sorted(Path("/").glob(f"{pattern[1:]}/vagrant.pub"))]
    if not found:
        raise CamgridError("Vagrant is not installed, whose public key belongs into the box", where=", ".join(KEYS))
    return found[-1].read_text()


def _install(root: Path, options: Sequence[str]) -> None:
    keys = public_keys()
    login = 'chroot "$1" useradd --create-home --shell /bin/bash vagrant'
    tree.install(root, image.SUITE, PACKAGES, hooks=(*image.HOOKS, login), early=EARLY, options=options)
    (root / "etc/resolv.conf").symlink_to("/run/systemd/resolve/stub-resolv.conf")
    tree.write(root, FILES | {"home/vagrant/.ssh/authorized_keys": keys})
    run(["chroot", root, "chown", "--recursive", "vagrant:vagrant", "/home/vagrant/.ssh"])


def _write_disk(root: Path, disk: Path) -> None:
    """Makes of the tree a disk that a BIOS boots: GRUB before the first partition, Debian in it."""
    grub = root / "boot/grub/i386-pc"
    shutil.copytree(root / "usr/lib/grub/i386-pc", grub)
    make_core = ["grub-mkimage", "-O", "i386-pc", "-o", "/core.img", "-p", "(hd0,msdos1)/boot/grub", *GRUB_MODULES]
    run(["chroot", root, *make_core])
    boot, core = (grub / "boot.img").read_bytes(), (root / "core.img").read_bytes()
    (root / "core.img").unlink()
    run(["truncate", f"--size={DISK_GB}G", disk])
    sectors = DISK_GB * 1024**3 // SECTOR - FIRST_SECTOR
    place = ["-E", f"offset={FIRST_SECTOR * SECTOR}", disk, f"{sectors * SECTOR // 1024}k"]
    run(["mke2fs", "-q", "-t", "ext4", "-L", LABEL, "-d", root, *place])
    # As grub-install does it: code up to the partition table, the rest right behind it, where boot.img looks for it.
    if len(core) > (FIRST_SECTOR - 1) * SECTOR:
        raise CamgridError(f"GRUB has {len(core)} bytes, more than there is room for before the first partition")
    with disk.open("r+b") as file:
        file.write(boot[:440])
        file.seek(446)  # the first of four entries: to be booted from, Linux, without cylinders and heads
        file.write(struct.pack("<B3sB3sII", 0x80, b"\xfe\xff\xff", 0x83, b"\xfe\xff\xff", FIRST_SECTOR, sectors))
        file.seek(510)
        file.write(b"\x55\xaa" + core)


if __name__ == "__main__":
    main()
