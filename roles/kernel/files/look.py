"""What this kernel and these devices have to be set, and how it is set now, as JSON; changes nothing.

Arguments: directories that hold data, there already or not yet.
"""

import json
import os
import sys
from pathlib import Path


def text(path):
    """A file's one line, or None where this kernel has no such file or does not let it be read."""
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None


def chosen(value):
    """Of "a [b] c": b."""
    return value.partition("[")[2].partition("]")[0] if value and "[" in value else value


def memory():
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) for words in lines}


def disks(directory):
    """The filesystem's block device below a directory, and all that it is made of, down to the drives."""
    place = Path(directory)
    while not place.exists():
        place = place.parent
    number = place.stat().st_dev
    device = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}")
    return below(device.resolve()) if device.exists() else {}


def below(device):
    if (device / "partition").exists():
        device = device.parent
    found = {} if not (device / "queue").is_dir() else {device.name: queue(device)}
    for slave in (device / "slaves").glob("*"):
        found |= below(slave.resolve())
    return found


def queue(device):
    scheduler = text(device / "queue/scheduler") or ""
    return {
        "scheduler": chosen(scheduler),
        "schedulers": scheduler.replace("[", "").replace("]", "").split(),
        "read_ahead_kb": int(text(device / "queue/read_ahead_kb") or 0),
        "rotational": text(device / "queue/rotational") == "1",
    }


def interfaces():
    """Network cards: what has a device below it. Bridges and tunnels have none, and no interrupts."""
    return {
        card.name: {
            "receive_queues": len(list((card / "queues").glob("rx-*"))),
            "rps_cpus": text(card / "queues/rx-0/rps_cpus"),
        }
        for card in Path("/sys/class/net").iterdir()
        if (card / "device").exists() and (card / "queues/rx-0/rps_cpus").exists()
    }


def governors():
    return [
        {
            "now": text(policy / "scaling_governor"),
            "available": (text(policy / "scaling_available_governors") or "").split(),
        }
        for policy in Path("/sys/devices/system/cpu/cpufreq").glob("policy*")
    ]


def sysctl():
    names = [*Path("/proc/sys/vm").iterdir(), Path("/proc/sys/kernel/numa_balancing")]
    return {".".join(name.parts[3:]): text(name) for name in names if os.access(name, os.R_OK)}


def postgresql_runs():
    """Whether a postmaster is there: a running server keeps the memory that it started with."""
    return any(text(name) == "postgres" for name in Path("/proc").glob("[0-9]*/comm"))


numbers = memory()
clock = "/sys/devices/system/clocksource/clocksource0"
print(
    json.dumps(
        {
            "memory_kb": numbers["MemTotal"],
            "swap_kb": numbers["SwapTotal"],
            "huge_page_kb": numbers.get("Hugepagesize", 0),
            "huge_pages": numbers.get("HugePages_Total", 0),
            "cpus": len(os.sched_getaffinity(0)),
            "numa_nodes": len(list(Path("/sys/devices/system/node").glob("node[0-9]*"))),
            "sysctl": sysctl(),
            "transparent_huge_pages": chosen(text("/sys/kernel/mm/transparent_hugepage/enabled")),
            "governors": governors(),
            "clock": text(f"{clock}/current_clocksource"),
            "clocks": (text(f"{clock}/available_clocksource") or "").split(),
            "disks": {name: found for each in sys.argv[1:] for name, found in disks(each).items()},
            "interfaces": interfaces(),
            "postgresql_runs": postgresql_runs(),
        }
    )
)
