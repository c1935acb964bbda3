"""What drives a host has and what is on them, as JSON; it changes nothing. Arguments: mount points to look at.

Run by roles/storage; what it prints is judged by camgrid.storage.plan. Needs nothing but Python, util-linux and sysfs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

BEGUN = Path("/var/lib/camgrid/storage-begun")
FSTAB = Path("/etc/fstab")
BLOCK = "camgrid volumes"
# A drive without a signature is blank when this much at its beginning reads as zeros.
LOOKED_AT = 4 * 1024**2


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def signatures(path: str) -> list[dict]:
    """All that can be recognised, read from the device itself: what udev remembers may be older."""
    said = run("wipefs", "--json", path).strip()
    found = json.loads(said)["signatures"] if said else []
    return [
        {"type": each["type"], "uuid": (each["uuid"] or "").lower(), "label": each["label"] or ""} for each in found
    ]


def blank(path: str) -> bool:
    with Path(path).open("rb") as device:
        return not any(device.read(LOOKED_AT))


def below(device: dict) -> list[dict]:
    return [each for child in device.get("children", []) for each in (child, *below(child))]


def mounts(device: dict) -> list[str]:
    return [mount for mount in device.get("mountpoints", []) if mount]


def drive(device: dict, links: dict[str, list[str]]) -> dict:
    """A whole drive. users: what other than a mount keeps it busy; an array is one of them, told by its path."""
    found = signatures(device["path"])
    everything = below(device)
    return {
        "path": device["path"],
        "serial": (device.get("serial") or "").strip(),
        "size": device["size"],
        "sector": device["log-sec"],
        "read_only": bool(device["ro"]),
        "links": links.get(device["path"], []),
        "signatures": found,
        "blank": not found and blank(device["path"]),
        "mounts": mounts(device) + [mount for each in everything for mount in mounts(each)],
        "users": [each["path"] for each in everything if each["type"] != "part"],
    }


def array(path: Path, devices: dict[str, dict]) -> dict:
    """A running array of md, with the UUID that its members carry."""
    members = [f"/dev/{each.name.removeprefix('dev-')}" for each in sorted((path / "md").glob("dev-*"))]
    uuids = [each["uuid"] for member in members for each in signatures(member) if each["type"] == "linux_raid_member"]
    device = devices.get(f"/dev/{path.name}", {})
    return {
        "path": f"/dev/{path.name}",
        "uuid": uuids[0] if uuids else "",
        "level": (path / "md/level").read_text().strip(),
        "drives": int((path / "md/raid_disks").read_text().split()[0]),
        "members": members,
        "signatures": signatures(f"/dev/{path.name}"),
        "mounts": mounts(device),
    }


def place(mount: str) -> dict:
    """What a mount point holds or hides."""
    path = Path(mount)
    if not os.path.ismount(mount):
        return {"mounted": False, "entries": sorted(each.name for each in path.iterdir()) if path.is_dir() else []}
    # Where several are mounted one over the other, the last is what is seen there.
    found = json.loads(run("findmnt", "--json", "--output", "SOURCE,UUID", "--mountpoint", mount))["filesystems"][-1]
    room = os.statvfs(mount)
    return {
        "mounted": True,
        "source": found["source"],
        "uuid": found["uuid"] or "",
        "free": room.f_bavail * room.f_frsize,
        "reserve": (path / ".camgrid-reserve").exists(),
    }


def fstab(text: str) -> list[dict]:
    """The lines of an fstab; ours: those between the role's two markers."""
    lines, ours = [], False
    for line in text.splitlines():
        if line.startswith("#"):
            ours = line.endswith(f"BEGIN {BLOCK}") or (ours and not line.endswith(f"END {BLOCK}"))
        elif len(line.split()) > 1:
            what, mount = line.split()[:2]
            lines.append({"uuid": what.removeprefix("UUID="), "mount": mount, "ours": ours})
    return lines


def main() -> None:
    # What a run a moment ago has changed is to be seen.
    run("udevadm", "settle")
    columns = "NAME,PATH,TYPE,SERIAL,SIZE,LOG-SEC,RO,MOUNTPOINTS"
    tree = json.loads(run("lsblk", "--json", "--bytes", "--output", columns))["blockdevices"]
    disks = [each for each in tree if each["type"] == "disk" and not each["name"].startswith(("zram", "nbd", "fd"))]
    devices = {each["path"]: each for top in tree for each in (top, *below(top))}
    links: dict[str, list[str]] = {}
    for link in sorted(Path("/dev/disk/by-id").glob("*")):
        links.setdefault(str(link.resolve()), []).append(str(link))
    arrays = [array(path.parent, devices) for path in sorted(Path("/sys/block").glob("md*/md"))]
    print(
        json.dumps(
            {
                "drives": [drive(each, links) for each in disks],
                "arrays": [each for each in arrays if each["level"] != "clear"],
                "places": {mount: place(mount) for mount in sys.argv[1:]},
                "fstab": fstab(FSTAB.read_text() if FSTAB.exists() else ""),
                "begun": json.loads(BEGUN.read_text()) if BEGUN.exists() else [],
            }
        )
    )


if __name__ == "__main__":
    main()
