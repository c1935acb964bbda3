"""What is read of the machine before, after and after a reboot: label → a command whose one line is the value.

Each part of the proof has a dictionary of its own and adds it to READINGS; a value is compared as the text that it is.
"""

from __future__ import annotations

from typing import Any

from tests.vm.drives import DATA, MIRRORS, WAL


def _of(serial: str, column: str) -> str:
    return f"lsblk --noheadings --nodeps --output SERIAL,{column} | awk '$1 == \"{serial}\" {{print $2}}'"


def _mount(path: str) -> str:
    return f"findmnt --noheadings --output UUID,FSTYPE,OPTIONS --mountpoint {path}"


STORAGE = {
    "data: file system": _of(DATA.serial, "FSTYPE"),
    "data: label": _of(DATA.serial, "LABEL"),
    "data: sector": _of(DATA.serial, "LOG-SEC"),
    "data: mounted": _mount("/var/lib/postgresql"),
    "data: sectors of XFS": "xfs_info /var/lib/postgresql | grep --only-matching --max-count=1 'sectsz=[0-9]*'",
    "wal: file system": _of(WAL.serial, "FSTYPE"),
    "wal: mounted": _mount("/var/lib/postgresql-wal"),
    "wal: sectors of XFS": "xfs_info /var/lib/postgresql-wal | grep --only-matching --max-count=1 'sectsz=[0-9]*'",
    "mirror: drives": f"{_of(MIRRORS[0].serial, 'FSTYPE')}; {_of(MIRRORS[1].serial, 'FSTYPE')}",
    "mirror: array": "awk '/^md/ {print $3, $4; getline; print $NF}' /proc/mdstat",
    "mirror: mounted": _mount("/srv/mirror"),
    "lines of fstab": "grep --count ^UUID= /etc/fstab",
    "fstrim.timer": "systemctl is-enabled fstrim.timer",
}
_DEVICE = f"/sys/block/$(lsblk --noheadings --nodeps --output SERIAL,NAME | awk '$1 == \"{DATA.serial}\" {{print $2}}')"
_SYSFS = "/sys/devices/system"
KERNEL = {
    "huge pages": "awk '/HugePages_Total/ {print $2}' /proc/meminfo",
    "commit limit, kB": "awk '/CommitLimit/ {print $2}' /proc/meminfo",
    "transparent huge pages": "grep --only-matching '\\[.*\\]' /sys/kernel/mm/transparent_hugepage/enabled",
    "vm.overcommit_memory, _ratio": "sysctl --values vm.overcommit_memory vm.overcommit_ratio",
    "vm.dirty_bytes": "sysctl --values vm.dirty_bytes",
    "vm.dirty_background_bytes": "sysctl --values vm.dirty_background_bytes",
    "vm.swappiness": "sysctl --values vm.swappiness",
    "numa_balancing, zone_reclaim": "sysctl --values kernel.numa_balancing vm.zone_reclaim_mode",
    "NUMA nodes": f"ls --directory {_SYSFS}/node/node* | wc --lines",
    "data: scheduler": f"cat {_DEVICE}/queue/scheduler",
    "data: read-ahead, kB": f"cat {_DEVICE}/queue/read_ahead_kb",
    "packets go to": "cat /sys/class/net/e*/queues/rx-0/rps_cpus",
    "clock": f"cat {_SYSFS}/clocksource/clocksource0/current_clocksource",
    "governor": f"cat {_SYSFS}/cpu/cpufreq/policy*/scaling_governor 2>/dev/null || echo none",
    "measured disk": "cat /etc/ansible/facts.d/camgrid_disk.fact 2>/dev/null | tr --delete '\n ' | grep . || echo none",
}
READINGS = {"boot": "uptime --since", "kernel": "uname --kernel-release"} | STORAGE | KERNEL


def take(host: Any) -> dict[str, str]:
    """Every reading, over one connection: an emulated machine needs a second for each."""
    lines = (f"{{ {command}; }} 2>&1 | paste --serial --delimiters=' '; echo @@\n" for command in READINGS.values())
    answers = host.check_output("sh -c %s", "".join(lines)).split("@@")
    return dict(zip(READINGS, (answer.strip() for answer in answers), strict=False))


def table(taken: dict[str, dict[str, str]]) -> list[str]:
    """The readings as lines, one column for each time that they were taken."""
    times = list(taken)
    rows = [["", *times], *([label, *(taken[when].get(label, "") or "-" for when in times)] for label in READINGS)]
    widths = [min(48, max(len(row[column]) for row in rows)) for column in range(len(times) + 1)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
