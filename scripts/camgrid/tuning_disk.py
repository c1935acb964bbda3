"""What PostgreSQL's settings owe to the disk: by its kind, and by its speed where the role disk_speed has measured it.

Every setting that depends on a measured speed takes effect with a reload; a cluster whose disks were never measured
keeps the numbers of their kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

GB = 1024
KINDS = ("nvme", "ssd", "hdd")
# kind → (random_page_cost, effective_io_concurrency). The costs are the documentation's: 4 for a disk that seeks, and
# near to 1 for one that does not (runtime-config-query, RANDOM-PAGE-COST).
_BY_KIND = {"nvme": (1.1, 200), "ssd": (1.1, 200), "hdd": (4.0, 2)}
# A disk that gives one reader fewer random blocks a second than this seeks, whatever it is called: 7,200 turns a minute
# give some 120, and a slow solid one, or one over a network, 1,000 and more.
_SEEKS = 400
# Seconds that replaying the WAL after a crash may take, and what one process replays at most, MiB a second.
_RECOVERY_S, _REPLAY_MB_S = 300, 200
# Checkpoints begin when half of max_wal_size is written (1 / (1 + checkpoint_completion_target)).
_CHECKPOINT_S, _COMPLETION = 900, 0.9
# Readers that the measurement had at once.
_READERS = 64


def kind_of(kind: str, speed: Mapping[str, Any]) -> str:
    """The kind of disk that it behaves as."""
    if not speed:
        return kind
    if speed["reads_one_s"] < _SEEKS:
        return "hdd"
    return "ssd" if kind == "hdd" else kind


def settings(
    memory_mb: int, kind: str, speed: Mapping[str, Any] | None = None, wal_mb_s: float | None = None
) -> dict[str, Any]:
    """PostgreSQL's settings by the disk; sizes in MiB as numbers.

    kind: one of KINDS; speed: the fact `camgrid_disk`, or nothing; wal_mb_s: WAL that the host is expected to write in
    its busy hours, MiB a second, or None. Raises ValueError for another kind.
    """
    if kind not in KINDS:
        raise ValueError(f"disk kind {kind!r} is not one of {', '.join(KINDS)}")
    speed = speed or {}
    page_cost, concurrency = _BY_KIND[kind_of(kind, speed)]
    wal = max_wal_mb(memory_mb, speed, wal_mb_s)
    found: dict[str, Any] = {
        "random_page_cost": page_cost,
        "effective_io_concurrency": concurrency,
        "max_wal_size": wal,
        "min_wal_size": wal // 4,
    }
    if speed:
        found |= {
            "effective_io_concurrency": (together := io_concurrency(speed)),
            # Recovery, vacuum and building an index read ahead as far as this.
            "maintenance_io_concurrency": together,
            "bgwriter_lru_maxpages": background_pages(speed),
            "commit_delay": commit_delay_us(speed),
        }
    return found


def max_wal_mb(memory_mb: int, speed: Mapping[str, Any], wal_mb_s: float | None = None) -> int:
    """max_wal_size: WAL between two checkpoints, in MiB.

    By memory, as a measure of how fast a host is expected to write. Where it is told, twice what is written between two
    timed checkpoints, so that none comes before its time (the documentation's WAL configuration). In any case no more
    than the disk can replay in five minutes after a crash, and a tenth of the disk.
    """
    wanted, least = memory_mb / 4, GB
    if wal_mb_s:
        wanted = wal_mb_s * _CHECKPOINT_S * (1 + _COMPLETION)
    if speed:
        replay = min(_REPLAY_MB_S, speed["write_mb_s"], speed["reads_s"] * 8 / 1024)
        wanted = min(wanted, replay * _RECOVERY_S, speed["size_mb"] / 10)
        least = _clamp(speed["size_mb"] / 10, 256, GB)
    return _clamp(wanted, least, 64 * GB)


def io_concurrency(speed: Mapping[str, Any]) -> int:
    """How many reads at once keep the disk busy.

    Little's law: its reads a second, times what one of them takes. Twice that, as some find their block in memory
    already; where 64 readers did not find the disk's end, the strategy's 200.
    """
    busy = speed["reads_s"] / max(1, speed["reads_one_s"])
    return 200 if busy > _READERS / 2 else _clamp(2 * busy, 2, 200)


def background_pages(speed: Mapping[str, Any]) -> int:
    """bgwriter_lru_maxpages: blocks that the background writer may write each 200 ms, a tenth of what the disk writes.

    With the 100 of PostgreSQL (4 MB a second) a host that ingests has its sessions write pages themselves.
    """
    return _clamp(speed["write_mb_s"] * 0.1 * 0.2 * 128, 100, 1000)


def commit_delay_us(speed: Mapping[str, Any]) -> int:
    """commit_delay: half of what flushing a block takes, which the documentation found to do best (WAL configuration).

    Only where a flush takes a millisecond and more: then others can join it while it waits. Microseconds.
    """
    flush_us = 1_000_000 / max(1, speed["commits_s"])
    return _clamp(flush_us / 2, 500, 10_000) if flush_us >= 1000 else 0


def _clamp(value: float, low: int, high: int) -> int:
    return int(max(low, min(high, value)))
