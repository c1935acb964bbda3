"""What a host's kernel, devices and network cards are set to; the numbers beside `camgrid.tuning`, the kernel's.

`plan` takes what the role kernel has seen on the host (roles/kernel/files/look.py), so that nothing is set that the
kernel or the device does not have. Why each is set, and by which source, stands in the role's README.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MB = 1024 * 1024

# A host that vanished without a goodbye must be noticed in seconds: with the kernel's defaults a coordinator
# was seen to wait 78 s in libpq's cancel, holding locks.
NETWORK = {
    "net.ipv4.tcp_syn_retries": 1,
    "net.ipv4.tcp_retries2": 5,
    "net.ipv4.tcp_keepalive_time": 60,
    "net.ipv4.tcp_keepalive_intvl": 10,
    "net.ipv4.tcp_keepalive_probes": 3,
    "net.core.somaxconn": 4096,
}

# Of the memory that huge pages leave: the tenth is the kernel's. See `commit_limit_mb`.
OVERCOMMIT_RATIO = 90
# Huge pages are taken from everything else for good. Where PostgreSQL's fixed part, which grows with connections and
# not with memory, would make them more than this share of the memory, there are none.
_MOST_HUGE = 0.4

# kind of device → udev's match for it, scheduler, read-ahead in KiB. An NVMe drive has queues of its own and does
# nothing better for being sorted before; a virtual disk is sorted by the machine below it. Read-ahead has to cover what
# a drive delivers while it is asked (7 GB/s for 80 µs), twice, as one half is asked for while the other is read.
_DEVICES: dict[str, tuple[str, str | None, int]] = {
    "nvme": ('KERNEL=="nvme[0-9]*n[0-9]*", ENV{DEVTYPE}=="disk"', "none", 1024),
    "virtual": ('KERNEL=="vd[a-z]*|xvd[a-z]*", ENV{DEVTYPE}=="disk"', "none", 1024),
    "ssd": ('KERNEL=="sd[a-z]*", ENV{DEVTYPE}=="disk", ATTR{queue/rotational}=="0"', None, 1024),
    "hdd": ('KERNEL=="sd[a-z]*", ENV{DEVTYPE}=="disk", ATTR{queue/rotational}=="1"', None, 4096),
    "raid": ('KERNEL=="md[0-9]*"', None, 1024),
    "volume": ('KERNEL=="dm-[0-9]*"', None, 1024),
}
# Clocks that are read through the kernel and a device's registers, some thousand nanoseconds a time.
_SLOW_CLOCKS = ("hpet", "acpi_pm", "jiffies", "refined-jiffies")


def write_back(memory_mb: int, write_mb_s: float | None = None) -> dict[str, int]:
    """When the kernel writes back what was written, in bytes. write_mb_s: measured speed of the device, MiB/s.

    A checkpoint's fsync waits for all that is dirty of its files, so that may be no more than the device writes in a
    second, and writing begins at a quarter of it.
    """
    if write_mb_s:
        most = _clamp(write_mb_s, 64, min(4096, max(64, memory_mb / 16)))
        return {"vm.dirty_background_bytes": most // 4 * MB, "vm.dirty_bytes": most // 4 * 4 * MB}
    return {"vm.dirty_background_bytes": 64 * MB, "vm.dirty_bytes": _clamp(memory_mb / 64, 256, 1024) * MB}


def huge_pages(memory_mb: int, shared_memory_mb: int, huge_page_kb: int) -> int:
    """Huge pages for PostgreSQL's shared memory (camgrid.tuning.shared_memory_mb); 0 where memory is too little."""
    if not huge_page_kb or shared_memory_mb > memory_mb * _MOST_HUGE:
        return 0
    return -(-shared_memory_mb * 1024 // huge_page_kb)


def commit_limit_mb(memory_mb: int, huge_mb: int, swap_mb: int = 0) -> int:
    """What processes may allocate in all with vm.overcommit_memory = 2, in MiB.

    The kernel takes the ratio of what huge pages leave, and does not count what lies in huge pages as allocated.
    """
    return (memory_mb - huge_mb) * OVERCOMMIT_RATIO // 100 + swap_mb


def cpu_mask(cpus: int) -> str:
    """All of that many CPUs as sysfs writes them: groups of 32 bits, the highest first."""
    digits = f"{(1 << cpus) - 1:x}"
    padded = digits.zfill(-(-len(digits) // 8) * 8)
    groups = [padded[at : at + 8] for at in range(0, len(padded), 8)]
    return ",".join([groups[0].lstrip("0") or "0", *groups[1:]])


def plan(
    look: Mapping[str, Any],
    *,
    memory_mb: int,
    database: bool,
    shared_memory_mb: int = 0,
    write_mb_s: float | None = None,
    others: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What is to be set on a host, what of it is not so yet (stale), and what is left out and why.

    look: what look.py saw; database: whether PostgreSQL runs on the host; others: sysctl settings that the operator
    wants in place of these, or beside them; the rest as above.
    """
    left_out: list[str] = []
    pages = huge_pages(memory_mb, shared_memory_mb, look["huge_page_kb"]) if database else 0
    if database and shared_memory_mb and not pages:
        left_out.append(_no_huge_pages(look, memory_mb, shared_memory_mb))
    # Beside a running server that does not use them they would take its memory a second time.
    now = not look["postgresql_runs"] or look["huge_pages"] > 0
    if pages and not now:
        left_out.append("huge pages: PostgreSQL runs without them, so they come with the next boot")
    sysctl = dict(_sysctl(look, memory_mb, database, write_mb_s, left_out)) | dict(others or {})
    files = dict(_files(look, left_out))
    disks = [rule for rule in _disks(look, left_out) if rule]
    cards = [rule for rule in _cards(look, left_out) if rule]
    return {
        "sysctl": sysctl,
        "huge_pages": {"vm.nr_hugepages": pages} if pages else {},
        "huge_pages_now": now,
        "running": look["postgresql_runs"],
        "files": {name: value for name, (value, _) in files.items()},
        "rules": [rule["rule"] for rule in (*disks, *cards)],
        "interleave": database and look["numa_nodes"] > 1,
        "left_out": left_out,
        "stale": {
            "sysctl": any(look["sysctl"].get(name, str(value)) != str(value) for name, value in sysctl.items()),
            "huge_pages": bool(pages) and now and look["huge_pages"] < pages,
            "files": any(stale for _, stale in files.values()),
            "rules": any(rule["stale"] for rule in (*disks, *cards)),
        },
    }


def _no_huge_pages(look: Mapping[str, Any], memory_mb: int, shared_memory_mb: int) -> str:
    if not look["huge_page_kb"]:
        return "huge pages: this kernel has none"
    return f"huge pages: {shared_memory_mb} MB of shared memory are too much of {memory_mb} MB to be set aside"


def _sysctl(
    look: Mapping[str, Any], memory_mb: int, database: bool, write_mb_s: float | None, left_out: list[str]
) -> Iterator[tuple[str, int]]:
    wanted: dict[str, int] = dict(write_back(memory_mb, write_mb_s))
    if look["swap_kb"]:
        wanted["vm.swappiness"] = 1
    else:
        left_out.append("vm.swappiness: there is no swap")
    if database:
        # No overcommit: an allocation fails in one backend instead of the OOM killer ending the postmaster.
        wanted |= {"vm.overcommit_memory": 2, "vm.overcommit_ratio": OVERCOMMIT_RATIO}
    if look["numa_nodes"] > 1:
        wanted |= {"kernel.numa_balancing": 0, "vm.zone_reclaim_mode": 0}
    else:
        left_out.append("NUMA: the host has one node")
    for name, value in wanted.items():
        if name in look["sysctl"]:
            yield name, value
        else:
            left_out.append(f"{name}: this kernel does not have it")


def _files(look: Mapping[str, Any], left_out: list[str]) -> Iterator[tuple[str, tuple[str, bool]]]:
    """sysfs path → value, and whether it is another one now."""
    pages = look["transparent_huge_pages"]
    if pages is None:
        left_out.append("transparent huge pages: this kernel has none")
    else:
        yield "/sys/kernel/mm/transparent_hugepage/enabled", ("madvise", pages != "madvise")
    governors = look["governors"]
    if governors and all("performance" in each["available"] for each in governors):
        stale = any(each["now"] != "performance" for each in governors)
        yield "/sys/devices/system/cpu/cpufreq/policy*/scaling_governor", ("performance", stale)
    else:
        left_out.append("CPU governor: the kernel does not scale this CPU's frequency")
    if look["clock"] in _SLOW_CLOCKS and "tsc" in look["clocks"]:
        yield "/sys/devices/system/clocksource/clocksource0/current_clocksource", ("tsc", True)
    elif look["clock"] in _SLOW_CLOCKS:
        left_out.append(f"clock source: {look['clock']} is slow to read, and the kernel offers only {look['clocks']}")


def _disks(look: Mapping[str, Any], left_out: list[str]) -> Iterator[dict[str, Any]]:
    kinds: dict[str, list[dict[str, Any]]] = {}
    for name, queue in look["disks"].items():
        kinds.setdefault(_kind(name, queue), []).append(queue)
    if not kinds:
        left_out.append("I/O scheduler and read-ahead: the data lies on no block device that the kernel names")
    for kind, queues in kinds.items():
        if kind not in _DEVICES:
            left_out.append(f"I/O scheduler and read-ahead: {', '.join(look['disks'])} of no known kind")
            continue
        match, scheduler, read_ahead = _DEVICES[kind]
        wanted = {"read_ahead_kb": str(read_ahead)}
        # A RAID reads ahead over its stripes, which may be more already.
        if kind == "raid" and any(queue["read_ahead_kb"] > read_ahead for queue in queues):
            left_out.append("read-ahead of a RAID: its stripes have more already")
            continue
        if scheduler and all(scheduler in queue["schedulers"] for queue in queues):
            wanted = {"scheduler": scheduler} | wanted
        stale = any(str(queue[name]) != value for queue in queues for name, value in wanted.items())
        attributes = "".join(f', ATTR{{queue/{name}}}="{value}"' for name, value in wanted.items())
        yield {"rule": f'ACTION=="add|change", SUBSYSTEM=="block", {match}{attributes}', "stale": stale}


def _kind(name: str, queue: Mapping[str, Any]) -> str:
    prefixes = {"nvme": "nvme", "vd": "virtual", "xvd": "virtual", "md": "raid", "dm-": "volume"}
    for prefix, kind in prefixes.items():
        if name.startswith(prefix):
            return kind
    if name.startswith("sd"):
        return "hdd" if queue["rotational"] else "ssd"
    return "unknown"


def _cards(look: Mapping[str, Any], left_out: list[str]) -> Iterator[dict[str, Any]]:
    if look["cpus"] < 2:
        left_out.append("receive packet steering: the host has one CPU")
        return
    mask = cpu_mask(look["cpus"])
    single = {name: card for name, card in sorted(look["interfaces"].items()) if card["receive_queues"] == 1}
    for name in sorted(set(look["interfaces"]) - set(single)):
        left_out.append(f"receive packet steering: {name} has {look['interfaces'][name]['receive_queues']} queues")
    if single:
        # By what the card is and not by its name, which udev changes while it goes through the rules.
        match = 'SUBSYSTEM=="net", DRIVERS=="?*", TEST!="queues/rx-1", TEST=="queues/rx-0/rps_cpus"'
        yield {
            "rule": f'ACTION=="add|change", {match}, ATTR{{queues/rx-0/rps_cpus}}="{mask}"',
            "stale": any(_bits(card["rps_cpus"]) != _bits(mask) for card in single.values()),
        }


def _bits(mask: str | None) -> int:
    return int((mask or "0").replace(",", ""), 16)


def _clamp(value: float, low: float, high: float) -> int:
    return int(max(low, min(high, value)))
