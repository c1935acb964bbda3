"""Volumes are made of the drives that the inventory names, and are there again after a reboot."""

import json

import pytest

from camgrid import storage
from tests.vm.drives import DATA, IDLE, MIRRORS, VOLUMES, WAL
from tests.vm.provision import HOST
from tests.vm.readings import STORAGE

MADE = storage.parse(VOLUMES)
IDENTITIES = {volume.name: volume.identity(f"vm/{HOST}") for volume in MADE}


@pytest.mark.parametrize("when", ["after", "after reboot"])
def test_each_volume_is_mounted_by_its_uuid(prepared, when):
    for volume in MADE:
        uuid, kind, options = prepared.taken[when][f"{volume.name}: mounted"].split()
        assert (uuid, kind) == (IDENTITIES[volume.name], volume.filesystem)
        assert "noatime" in options.split(",")
        assert "discard" not in options.split(",")


def test_nothing_of_it_was_there_before(prepared):
    for volume in MADE:
        assert prepared.taken["before"][f"{volume.name}: mounted"] == ""
    assert prepared.taken["before"]["data: file system"] == ""


def test_what_was_made_is_the_same_after_a_reboot(prepared):
    after = {label: prepared.taken["after"][label] for label in STORAGE}
    assert after == {label: prepared.taken["after reboot"][label] for label in STORAGE}


def test_fstab_names_uuids_alone(prepared):
    lines = prepared.machine.host.file("/etc/fstab").content_string.splitlines()
    ours = {tuple(line.split()[:2]) for line in lines if line.startswith("UUID=")}
    assert ours == {(f"UUID={IDENTITIES[volume.name]}", volume.mount) for volume in MADE}


@pytest.mark.parametrize("when", ["after", "after reboot"])
def test_the_mirror_runs_on_both_drives(prepared, when):
    assert prepared.taken[when]["mirror: drives"] == "linux_raid_member linux_raid_member"
    assert prepared.taken[when]["mirror: array"] == "active raid1 [UU]"


def test_sectors_are_of_4_kib_whatever_the_drive_says(prepared):
    reported = {drive.serial: prepared.machine.host.check_output(_sector(drive.serial)) for drive in (DATA, WAL)}
    assert reported == {DATA.serial: "4096", WAL.serial: "512"}
    assert prepared.taken["after"]["data: sectors of XFS"] == "sectsz=4096"
    assert prepared.taken["after"]["wal: sectors of XFS"] == "sectsz=4096"


def _sector(serial: str) -> str:
    return f"lsblk --nodeps --noheadings --output SERIAL,LOG-SEC | awk '$1 == \"{serial}\" {{print $2}}'"


def test_each_volume_holds_room_to_give_back(prepared):
    for volume, drive in zip(MADE, (DATA, WAL, MIRRORS[0]), strict=True):
        reserve = prepared.machine.host.file(f"{volume.mount}/.camgrid-reserve")
        assert reserve.size == storage.reserve_mb(drive.size_mb * 1024**2) * 1024**2
        blocks = int(prepared.machine.host.check_output(f"stat --format=%b {volume.mount}/.camgrid-reserve"))
        assert blocks * 512 >= reserve.size, "a sparse file gives nothing back"


def test_free_space_is_told_to_the_drives_by_a_timer(prepared):
    assert prepared.machine.host.service("fstrim.timer").is_enabled
    assert prepared.machine.host.service("fstrim.timer").is_running


def test_a_drive_that_nobody_names_stays_blank(prepared):
    drives = json.loads(prepared.machine.host.check_output("lsblk --json --output SERIAL,FSTYPE,PTTYPE"))
    (idle,) = [each for each in drives["blockdevices"] if each["serial"] == IDLE.serial]
    assert (idle["fstype"], idle["pttype"]) == (None, None)


def test_postgresql_needs_the_volumes(prepared):
    unit = prepared.machine.host.file("/etc/systemd/system/patroni.service.d/camgrid-volumes.conf").content_string
    needed = [line for line in unit.splitlines() if line.startswith("RequiresMountsFor=")]
    assert needed == [f"RequiresMountsFor={' '.join(sorted(volume.mount for volume in MADE))}"]
