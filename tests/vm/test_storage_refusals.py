"""No drive is formatted without consent: what was on it is still there, byte for byte."""

import hashlib
import re
from pathlib import Path

import pytest

from tests.vm.drives import FOREIGN, IDLE, VOLUMES, WRONG
from tests.vm.machine import BOOT_DRIVE
from tests.vm.provision import give_up, playbook, write_inventory

KEPT = "what somebody has left here\n" * 1000
BY_SERIAL = f"/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_{FOREIGN.serial}"
EXTRA = VOLUMES + WRONG[:1]


def bytes_of(machine, drive) -> str:
    """The checksum of all that is on a drive, read from outside."""
    machine.host.check_output("sync")
    digest = hashlib.sha256()
    with Path(machine.directory, f"{drive.serial}.raw").open("rb") as disk:
        while block := disk.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


@pytest.fixture(scope="module")
def foreign(prepared):
    """The machine with somebody's file system on a drive."""
    host = prepared.machine.host
    host.check_output(f"mkfs.ext4 -q -L old {BY_SERIAL} && mount {BY_SERIAL} /mnt")
    host.check_output("yes 'what somebody has left here' | head --lines=1000 >/mnt/kept && umount /mnt")
    yield prepared.machine
    if host.run("findmnt --mountpoint /srv/foreign").rc == 0:
        give_up(prepared.machine, "/srv/foreign")


@pytest.fixture(scope="module")
def refused(foreign, tmp_path_factory):
    """A run with an inventory that is wrong in three ways and right in one; with the drives before and after it."""
    inventory = write_inventory(foreign, tmp_path_factory.mktemp("wrong"), camgrid_volumes=VOLUMES + WRONG)
    before = {drive: bytes_of(foreign, drive) for drive in (FOREIGN, IDLE)}
    run = playbook(inventory, "hosts", "--tags", "storage")
    return run, before, {drive: bytes_of(foreign, drive) for drive in (FOREIGN, IDLE)}


def test_each_mistake_is_told_with_what_to_do(refused):
    run = refused[0]
    assert run.code != 0
    assert "Nothing was changed." in run.flat
    assert f"volume foreign: {FOREIGN.serial}" in run.flat
    assert f"--extra-vars storage_consent={FOREIGN.serial}" in run.flat
    assert "volume missing: this host has no drive CGMISSING" in run.flat
    assert f"volume system: {BOOT_DRIVE}" in run.flat
    assert "in use, mounted at /" in run.flat


def test_nothing_was_changed_on_any_drive(refused):
    _, before, after = refused
    assert before == after
    assert refused[0].changed == 0


def test_a_check_run_says_what_would_be_formatted_and_does_not(refused, foreign, tmp_path):
    inventory = write_inventory(foreign, tmp_path / "right", camgrid_volumes=EXTRA)
    extra = {"storage_consent": FOREIGN.serial}
    run = playbook(inventory, "hosts", "--tags", "storage", "--check", "--diff", extra=extra)
    assert run.code == 0, run.text
    assert f"format {FOREIGN.serial}" in run.flat
    assert re.search(r"^ *\+UUID=\S+ /srv/foreign xfs ", run.text, re.M), run.text
    assert bytes_of(foreign, FOREIGN) == refused[1][FOREIGN]
    assert foreign.host.check_output(f"mount -o ro {BY_SERIAL} /mnt && cat /mnt/kept; umount /mnt") + "\n" == KEPT


def test_with_consent_it_is_formatted_once_and_never_again(refused, foreign, tmp_path):
    inventory = write_inventory(foreign, tmp_path / "right", camgrid_volumes=EXTRA)
    extra = {"storage_consent": FOREIGN.serial}
    first = playbook(inventory, "hosts", "--tags", "storage", extra=extra)
    assert first.code == 0, first.text
    assert first.changed > 0
    host = foreign.host
    assert host.check_output("findmnt --noheadings --output FSTYPE --mountpoint /srv/foreign") == "xfs"
    host.check_output("echo new >/srv/foreign/kept")
    second = playbook(inventory, "hosts", "--tags", "storage", extra=extra)
    assert (second.code, second.changed) == (0, 0), second.text
    assert host.check_output("cat /srv/foreign/kept") == "new"
