"""Mounts of this machine: a host's disk over the image, and unmounting whatever is left below a directory."""

from __future__ import annotations

from pathlib import Path

from camgrid.errors import CamgridError
from camgrid.lab.run import run


def mounted_below(directory: Path) -> list[Path]:
    """Mount points at or below directory, the innermost first."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        # The kernel writes blanks in names as octal escapes.
        point = Path(line.split()[4].encode().decode("unicode_escape"))
        if point == directory or directory in point.parents:
            found.append(point)
    return found[::-1]


def unmount_below(directory: Path) -> None:
    """Unmounts everything at or below directory. CamgridError when something stays: nothing below is safe then."""
    for point in mounted_below(directory):
        run(["umount", point], check=False)
    for point in mounted_below(directory):
        run(["umount", "--lazy", point], check=False)
    if left := mounted_below(directory):
        raise CamgridError("it cannot be unmounted", where=str(left[0]), hint=f"who uses it? fuser -vm {left[0]}")


def mount_overlay(lower: Path, upper: Path, work: Path, target: Path) -> None:
    """Mounts upper over lower at target, unless something is mounted there."""
    if target in mounted_below(target):
        return
    for directory in (upper, work, target):
        directory.mkdir(parents=True, exist_ok=True)
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    run(["mount", "-t", "overlay", "-o", options, "camgrid-lab", target])
