"""From the volumes that a host is to have and the drives that it has: what is to be done, or why nothing is.

A pure function of what roles/storage/files/look.py saw. The rules, in the order in which they are asked: a drive that
carries this volume is kept whatever else is said; one that is in use is never touched; a blank one that the inventory
names is formatted; one that holds anything is erased only when the inventory names it by its serial number and the run
consents to that serial number. What a run that was killed had begun counts as blank: the host keeps the serial numbers
in a file until the file system is whole, and it is mounted only then.
"""

from __future__ import annotations

import re
from typing import Any

from camgrid.storage.volumes import Volume, parse

# Of a file system that is being made: it becomes the volume's own label once all of it is there.
UNFINISHED = "camgrid-new"
SMALLEST = 512 * 1024**2
# By how much the smallest drive of an array may be smaller than its largest: the rest of the others lies idle.
TOLERANCE = 0.01
RESERVE_SHARE, RESERVE_LEAST_MB, RESERVE_MOST_MB = 0.01, 64, 8192
# A read writes nothing. Without its drive the host still boots, so that somebody can log in, and tasks/units.yml of the
# role sees to it that nothing starts on the empty directory. No discard: fstrim.timer does it without anybody waiting.
MOUNT_OPTIONS = "noatime,nofail,x-systemd.device-timeout=60s"
CONSENT = "--extra-vars storage_consent={}"


class RefusedError(Exception):
    """Why a volume cannot be made or kept."""


def plan(told: Any, seen: dict[str, Any], consent: Any, owner: str) -> dict[str, Any]:
    """What to do on a host: {"refusals": [sentence…], "volumes": [{…, "words": sentence…}…]}.

    told: camgrid_volumes; seen: what look.py printed; consent: serial numbers as a list or a text with commas;
    owner: `cluster/host`. With one refusal or more, nothing is to be done at all. ValueError when told is no list of
    volumes.
    """
    volumes = parse(told)
    judge = _Judge(volumes, seen, set(_words(consent)), owner)
    refusals, planned = list(judge.record()), []
    for volume in volumes:
        try:
            planned.append(judge.volume(volume))
        except RefusedError as refused:
            refusals.append(f"volume {volume.name}: {refused}")
    return {"refusals": refusals, "volumes": planned}


class _Judge:
    def __init__(self, volumes: list[Volume], seen: dict[str, Any], consent: set[str], owner: str) -> None:
        self.volumes, self.seen, self.consent = volumes, seen, consent
        self.identities = {volume.identity(owner): volume for volume in volumes}
        self.arrays = {volume.identity(owner, "array"): volume for volume in volumes if volume.raid != "none"}
        self.owner = owner
        self.claimed: dict[str, str] = {}

    def record(self) -> list[str]:
        """What the host's fstab holds of ours that the inventory no longer says."""
        wanted = {uuid: volume.mount for uuid, volume in self.identities.items()}
        return [
            f"{line['mount']} is a volume of this host (UUID={line['uuid']} in /etc/fstab), and the inventory names it "
            "no more, or at another place: say it again, or see docs/storage.md, Giving a volume up"
            for line in self.seen["fstab"]
            if line["ours"] and wanted.get(line["uuid"]) != line["mount"]
        ]

    def volume(self, volume: Volume) -> dict[str, Any]:
        """What is to be done for one volume. RefusedError when it cannot be."""
        drives = [self._find(volume, device) for device in volume.devices]
        uuid = volume.identity(self.owner)
        self._refuse_twins(uuid, drives)
        self._refuse_place(volume, uuid)
        steps = self._single(volume, uuid, drives[0]) if volume.raid == "none" else self._array(volume, uuid, drives)
        size = min(drive["size"] for drive in drives) * (len(drives) // 2 if volume.raid == "10" else 1)
        place = self.seen["places"].get(volume.mount, {})
        reserve = reserve_mb(size) if volume.reserve_mb is None else volume.reserve_mb
        room = place.get("free", size) > 2 * reserve * 1024**2 or not place.get("mounted")
        return {
            "name": volume.name,
            "label": volume.label,
            "mount": volume.mount,
            "filesystem": volume.filesystem,
            "uuid": uuid,
            "array_uuid": volume.identity(self.owner, "array"),
            # XFS has no check at boot; its number there is 0.
            "fstab": f"UUID={uuid} {volume.mount} {volume.filesystem} {MOUNT_OPTIONS} 0 "
            f"{'2' if volume.filesystem == 'ext4' else '0'}",
            "mdadm": f"ARRAY /dev/md/{volume.label} metadata=1.2 UUID={volume.identity(self.owner, 'array')}",
            "raid": volume.raid,
            "erase": [],
            "create": [],
            "add": [],
            "format": False,
            "words": "",
            "touched": [drive["serial"] for drive in drives if drive["path"] in _touched(steps)],
            "mount_it": not place.get("mounted", False),
            "reserve_mb": reserve if room or place.get("reserve") else 0,
        } | steps

    def _find(self, volume: Volume, device: str) -> dict[str, Any]:
        """The drive that the inventory names."""
        drives = self.seen["drives"]
        found = [drive for drive in drives if device == drive["serial"] or device in drive["links"]]
        if not found:
            there = ", ".join(f"{drive['serial'] or '?'} ({drive['path']}, {_size(drive)})" for drive in drives)
            raise RefusedError(f"this host has no drive {device}; it has {there or 'none'}")
        if len(found) > 1:
            paths = " and ".join(drive["path"] for drive in found)
            raise RefusedError(f"{device} is the serial number of {paths}: name it by its path below /dev/disk/by-id")
        path = found[0]["path"]
        if path in self.claimed:
            other = "it twice" if self.claimed[path] == volume.name else f"volume {self.claimed[path]} as well"
            raise RefusedError(f"{_named(found[0])} is named for {other}")
        self.claimed[path] = volume.name
        return found[0] | {"by_serial": device == found[0]["serial"]}

    def _refuse_twins(self, uuid: str, drives: list[dict[str, Any]]) -> None:
        """Two drives with the same volume: which of them would be mounted is a matter of luck."""
        mine = {drive["path"] for drive in drives}
        for other in self.seen["drives"]:
            if other["path"] not in mine and _holds(other, uuid):
                raise RefusedError(
                    f"{_named(other)} holds this volume, and the inventory names {', '.join(map(_named, drives))} "
                    "for it: name the one that holds it, or take it out of the host"
                )

    def _refuse_place(self, volume: Volume, uuid: str) -> None:
        place = self.seen["places"].get(volume.mount, {})
        if place.get("mounted") and place.get("uuid") != uuid:
            raise RefusedError(f"{place['source']} is mounted at {volume.mount} already")
        if not place.get("mounted") and place.get("entries"):
            names = ", ".join(sorted(place["entries"])[:5])
            raise RefusedError(f"{volume.mount} is not empty ({names}), and its content would be hidden: move it away")
        for line in self.seen["fstab"]:
            if not line["ours"] and line["mount"] == volume.mount:
                raise RefusedError(f"/etc/fstab has a line for {volume.mount} that is not ours: remove it")

    def _single(self, volume: Volume, uuid: str, drive: dict[str, Any]) -> dict[str, Any]:
        if kept := self._kept(volume, uuid, drive):
            return {"source": drive["path"]} | kept
        erase = self._usable(volume, drive)
        words = f"format {_named(drive)}, {_size(drive)}, {_content(drive)}, {self._aim(volume)}"
        return {"source": drive["path"], "erase": erase, "format": True, "words": words}

    def _kept(self, volume: Volume, uuid: str, device: dict[str, Any]) -> dict[str, Any]:
        """What a device that carries this volume already needs; empty when it does not carry it."""
        found = next((each for each in device["signatures"] if each["uuid"] == uuid), None)
        if not found:
            return {}
        if found["type"] != volume.filesystem:
            raise RefusedError(
                f"{_named(device)} holds it as {found['type']}, the inventory says {volume.filesystem}: a file system "
                "is not turned into another"
            )
        elsewhere = [mount for mount in device["mounts"] if mount != volume.mount]
        if elsewhere:
            raise RefusedError(f"{_named(device)} holds it and is mounted at {elsewhere[0]}: unmount it")
        if found["label"] == UNFINISHED:
            words = f"format {_named(device)} again, which an earlier run did not finish, {self._aim(volume)}"
            return {"erase": [device["path"]], "format": True, "words": words}
        return {"words": ""}

    def _array(self, volume: Volume, uuid: str, drives: list[dict[str, Any]]) -> dict[str, Any]:
        own = volume.identity(self.owner, "array")
        smallest, largest = min(each["size"] for each in drives), max(each["size"] for each in drives)
        if smallest < largest * (1 - TOLERANCE):
            sizes = ", ".join(f"{_named(drive)} {_size(drive)}" for drive in drives)
            raise RefusedError(f"its drives differ in size by more than {TOLERANCE:.0%}: {sizes}")
        members = [drive for drive in drives if _holds(drive, own)]
        running = next((array for array in self.seen["arrays"] if array["uuid"] == own), None)
        self_made = all(drive["serial"] in self.seen["begun"] for drive in members)
        if not running and members and not self_made:
            raise RefusedError(
                f"{', '.join(map(_named, members))} belong to its array, which does not run: see /proc/mdstat; if it "
                "never held anything, mdadm --zero-superblock on them lets the next run begin anew"
            )
        if not running:
            erase = [path for drive in drives for path in self._usable(volume, drive)]
            what = "; ".join(f"{_named(drive)}, {_size(drive)}, {_content(drive)}" for drive in drives)
            return {
                "source": f"/dev/md/{volume.label}",
                "erase": erase,
                "create": [drive["path"] for drive in drives],
                "format": True,
                "words": f"make a RAID {volume.raid} of {what}, and format it {self._aim(volume)}",
            }
        return {"source": running["path"]} | self._running(volume, uuid, running, drives, members)

    def _running(
        self,
        volume: Volume,
        uuid: str,
        array: dict[str, Any],
        drives: list[dict[str, Any]],
        members: list[dict[str, Any]],
    ) -> dict[str, Any]:
        if array["level"] != f"raid{volume.raid}":
            raise RefusedError(f"{array['path']} is a {array['level']}, the inventory says RAID {volume.raid}")
        strangers = set(array["members"]) - {drive["path"] for drive in drives}
        if strangers:
            raise RefusedError(
                f"{', '.join(sorted(strangers))} in its array {array['path']} is not named in the inventory: see "
                "docs/storage.md, A drive of an array has failed"
            )
        if array["drives"] != len(drives):
            raise RefusedError(f"{array['path']} has {array['drives']} drives, the inventory names {len(drives)}")
        kept = self._kept(volume, uuid, array)
        if not kept and array["signatures"]:
            raise RefusedError(f"{array['path']} holds {_content(array)}: nothing is erased on an array")
        if not kept:
            words = f"format {array['path']}, whose array an earlier run has made, {self._aim(volume)}"
            kept = {"format": True, "words": words}
        fresh = [drive for drive in drives if drive not in members]
        erase = [path for drive in fresh for path in self._usable(volume, drive)]
        added = "; ".join(f"add {_named(drive)}, {_content(drive)}, to {array['path']}" for drive in fresh)
        kept["erase"] = kept.get("erase", []) + erase
        return kept | {
            "add": [drive["path"] for drive in fresh],
            "words": "; ".join(filter(None, [kept["words"], added])),
        }

    def _usable(self, volume: Volume, drive: dict[str, Any]) -> list[str]:
        """The paths to erase before the drive is used: itself, or none. RefusedError when it must not be used."""
        for identity, other in (self.identities | self.arrays).items():
            if other is not volume and _holds(drive, identity):
                raise RefusedError(f"{_named(drive)} holds volume {other.name} of this host: the drives are mixed up")
        own = volume.identity(self.owner)
        if any(each["uuid"] == own and each["label"] != UNFINISHED for each in drive["signatures"]):
            raise RefusedError(f"{_named(drive)} holds this volume without RAID, which is not turned into an array")
        if drive["mounts"] or drive["users"]:
            uses = [f"mounted at {mount}" for mount in drive["mounts"]] + [f"used by {user}" for user in drive["users"]]
            raise RefusedError(f"{_named(drive)} is in use, {', '.join(uses)}: such a drive is never formatted")
        if drive["read_only"]:
            raise RefusedError(f"{_named(drive)} is read-only")
        if drive["size"] < SMALLEST:
            raise RefusedError(f"{_named(drive)} has {_size(drive)}, less than {SMALLEST // 1024**2} MiB")
        if drive["blank"]:
            return []
        serial = drive["serial"]
        if serial in self.seen["begun"]:  # what it holds is what an earlier run has left there
            return [drive["path"]]
        if not drive["by_serial"]:
            raise RefusedError(
                f"{_named(drive)} holds {_content(drive)}, and is named by its path: only a drive that the inventory "
                "names by its serial number is ever erased"
            )
        if serial not in self.consent:
            raise RefusedError(
                f"{_named(drive)} holds {_content(drive)}. If all of it may be erased, run this again with "
                + CONSENT.format(serial)
            )
        return [drive["path"]]

    @staticmethod
    def _aim(volume: Volume) -> str:
        return f"with {volume.filesystem} for {volume.name} at {volume.mount}"


def _touched(steps: dict[str, Any]) -> list[str]:
    """The devices that are written to."""
    return (
        steps.get("erase", [])
        + steps.get("create", [])
        + steps.get("add", [])
        + [steps["source"]] * bool(steps["words"])
    )


def reserve_mb(size: int) -> int:
    """MiB of the file that a full file system of so many bytes is cleaned up with: a hundredth, 64 MiB to 8 GiB."""
    return int(min(RESERVE_MOST_MB, max(RESERVE_LEAST_MB, size * RESERVE_SHARE / 1024**2)))


def _words(consent: Any) -> list[str]:
    return (
        [str(each) for each in consent] if isinstance(consent, list) else re.findall(r"[^\s,;\[\]'\"]+", str(consent))
    )


def _holds(device: dict[str, Any], uuid: str) -> bool:
    return any(each["uuid"] == uuid for each in device["signatures"])


def _named(device: dict[str, Any]) -> str:
    return f"{device['serial']} ({device['path']})" if device.get("serial") else device["path"]


def _size(device: dict[str, Any]) -> str:
    return f"{device['size'] / 1024**3:.1f} GiB"


def _content(device: dict[str, Any]) -> str:
    known = [f"{each['type']}{' ' + repr(each['label']) if each['label'] else ''}" for each in device["signatures"]]
    return ", ".join(known) or ("nothing" if device.get("blank", True) else "data of an unknown kind")
