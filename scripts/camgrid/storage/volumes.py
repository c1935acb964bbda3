"""The volumes that an inventory names for a host, and what is wrong with them before any host is asked."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from camgrid.inventory import Inventory
from camgrid.problem import Problem

# Volumes with a purpose have a place; others say theirs.
PLACES = {"data": "/var/lib/postgresql", "wal": "/var/lib/postgresql-wal", "backup": "/var/lib/pgbackrest"}
FILESYSTEMS = ("xfs", "ext4")
# RAID level → the fewest drives that it makes sense with.
RAID = {"none": 1, "1": 2, "10": 4}
# A label of XFS has twelve characters, three of which are ours.
NAME = re.compile(r"[a-z][a-z0-9]{0,8}")
MOUNT = re.compile(r"(/[A-Za-z0-9_.][A-Za-z0-9_.-]*)+")
# Names that the kernel gives out anew at each boot.
UNSTABLE = re.compile(r"/dev/(?!disk/by-id/)|(nvme\d+n\d+|sd[a-z]+|vd[a-z]+)$")
# Seed of the UUIDs below; never to be changed, or hosts would not know their volumes any more.
_NAMESPACE = uuid.UUID("6f0cbe1c-9d0d-5a57-8ba6-1f0c1f9a4a52")


@dataclass(frozen=True)
class Volume:
    """A file system of a host. devices: serial numbers or paths below /dev/disk/by-id; raid: "none", "1" or "10"."""

    name: str
    devices: tuple[str, ...]
    mount: str
    filesystem: str = "xfs"
    raid: str = "none"
    reserve_mb: int | None = None

    @property
    def label(self) -> str:
        """What its file system and its array are called on the drives."""
        return f"cg-{self.name}"

    def identity(self, owner: str, part: str = "") -> str:
        """The UUID of its file system, or of its array, on this host (`cluster/host`).

        It follows from the names alone, so a drive says by itself whose it is: after a run that was killed, in
        another slot, or in the chassis that replaces a broken one.
        """
        return str(uuid.uuid5(_NAMESPACE, f"{owner}/{self.name}/{part}"))


def parse(told: Any) -> list[Volume]:
    """The volumes of `camgrid_volumes`. ValueError with what is wrong with them, a line a mistake."""
    mistakes = [f"{text}: {mend}" for text, mend in mistakes_in(told)]
    if mistakes:
        raise ValueError("\n".join(mistakes))
    return [
        Volume(
            name=each["name"],
            devices=tuple(str(device) for device in each["devices"]),
            mount=each.get("mount") or PLACES[each["name"]],
            filesystem=each.get("filesystem", "xfs"),
            raid=str(each.get("raid", "none")),
            reserve_mb=each.get("reserve_mb"),
        )
        for each in told
    ]


def wal_directory(told: Any, version: int, cluster: str) -> str:
    """Where the members' pg_wal is when a volume has that purpose; "" where it stays beside the data."""
    found = [volume.mount for volume in parse(told) if volume.name == "wal"]
    return f"{found[0]}/{version}/{cluster}" if found else ""


def problems(inventory: Inventory) -> Iterator[Problem]:
    """What is wrong with the volumes of each host of an inventory."""
    for host, variables in inventory.hosts.items():
        for text, mend in mistakes_in(variables.get("camgrid_volumes", [])):
            yield Problem(host, "camgrid_volumes", text, mend)
        if "storage_consent" in variables:
            mend = "remove it; say it to the one run that is to erase, with --extra-vars (docs/storage.md)"
            yield Problem(host, "storage_consent", "is set in the inventory, for every run to come", mend)


def mistakes_in(told: Any) -> Iterator[tuple[str, str]]:
    """What is wrong, and the mend."""
    if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
        yield "is no list of volumes", "such as [{name: data, devices: [S4EVNX0R100001]}]"
        return
    seen: dict[str, str] = {}
    for each in told:
        found = list(_mistakes(each))
        yield from found
        if found:
            continue
        name, mount = each["name"], each.get("mount") or PLACES[each["name"]]
        taken = {f"the name {name}": name, f"the place {mount}": name}
        taken |= {f"the drive {device}": name for device in each["devices"]}
        for what in taken.keys() & seen.keys():
            yield f"{what} is used by {seen[what]} and {name}", "give each volume its own"
        seen |= taken


def _mistakes(each: dict[str, Any]) -> Iterator[tuple[str, str]]:
    name, devices = each.get("name"), each.get("devices")
    raid, filesystem = str(each.get("raid", "none")), each.get("filesystem", "xfs")
    unknown = each.keys() - {"name", "devices", "mount", "filesystem", "raid", "reserve_mb"}
    if unknown:
        known = "a volume has name, devices, mount, filesystem, raid and reserve_mb"
        yield f"{name} has {', '.join(sorted(map(str, unknown)))}", known
    if not isinstance(name, str) or not NAME.fullmatch(name):
        yield f"a volume's name is {name!r}", "one to nine small letters and digits, such as data"
        return
    mount = each.get("mount", PLACES.get(name))
    if not isinstance(mount, str) or not MOUNT.fullmatch(mount) or ".." in mount.split("/"):
        yield (
            f"{name} is mounted at {mount!r}",
            f"say an absolute path; {', '.join(PLACES)} have one",
        )
    if filesystem not in FILESYSTEMS:
        yield f"{name} has the file system {filesystem!r}", f"one of {', '.join(FILESYSTEMS)}"
    if raid not in RAID:
        yield f"{name} has raid {raid}", f"one of {', '.join(RAID)}"
        return
    reserve = each.get("reserve_mb", 0)
    if isinstance(reserve, bool) or not isinstance(reserve, int) or reserve < 0:
        yield f"{name} has reserve_mb {reserve!r}", "a whole number of MiB, or leave it out"
    if not isinstance(devices, list) or not all(isinstance(device, str | int) for device in devices):
        yield f"{name} has the devices {devices!r}", "a list of serial numbers, such as [S4EVNX0R100001]"
        return
    for device in devices:
        if UNSTABLE.match(str(device)):
            text = f"{name} names {device}, which may be another drive after the next boot"
            yield text, "its serial number (lsblk --nodeps --output NAME,SERIAL), or its path below /dev/disk/by-id"
    if len(set(map(str, devices))) != len(devices):
        yield f"{name} names a drive twice", "name each once"
    elif raid == "none" and len(devices) != 1:
        yield f"{name} has {len(devices)} drives and no RAID", "one drive, or raid: 1 or 10"
    elif len(devices) < RAID[raid]:
        yield f"{name} has {len(devices)} drives for RAID {raid}", f"it takes {RAID[raid]} or more"
    elif raid == "10" and len(devices) % 2:
        yield f"{name} has {len(devices)} drives for RAID 10", "an even number"
