"""The one place where numbers come from: PostgreSQL's settings for a host's memory, cores and disk.

Roles call it through the filters of `camgrid.ansible.filter`. On the 64 GB, 8 core, NVMe host of the scaling
strategy it gives that document's values, except for two, whose reason stands beside them. The kernel's numbers are in
`camgrid.tuning_kernel`, what follows from a measured disk in `camgrid.tuning_disk`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from camgrid import tuning_disk

MB = 1
GB = 1024 * MB


def _clamp(value: float, low: int, high: int) -> int:
    return int(max(low, min(high, value)))


def _megabytes(value: int) -> str:
    """The way PostgreSQL itself would print it: 2GB rather than 2048MB."""
    return f"{value // GB}GB" if value % GB == 0 else f"{value}MB"


def megabytes(value: str | int, *, unit_kb: int = 8) -> int:
    """A size as PostgreSQL reads it, in MiB, rounded up. unit_kb: what a bare number counts, blocks of 8 kB or kB.

    Raises ValueError for what is no size.
    """
    found = re.fullmatch(r"\s*(\d+)\s*(kB|MB|GB|TB)?\s*", str(value))
    if not found:
        raise ValueError(f"{value!r} is no size, such as 16GB")
    kilobytes = {"kB": 1, "MB": 1024, "GB": 1024 * GB, "TB": 1024 * 1024 * GB, None: unit_kb}[found[2]]
    return -(-int(found[1]) * kilobytes // 1024)


def postgresql(
    memory_mb: int,
    cores: int,
    disk: str,
    *,
    version: int = 17,
    speed: Mapping[str, Any] | None = None,
    wal_mb_s: float | None = None,
) -> dict[str, str | int | float]:
    """PostgreSQL settings of one host.

    memory_mb: memory that the host may use, in MiB; cores: its CPUs; disk: "nvme", "ssd" or "hdd"; version:
    PostgreSQL's; speed: the disk as it was measured, wal_mb_s: WAL in busy hours in MiB a second, where they are known.
    Raises ValueError when a host cannot run a database at all.
    """
    if memory_mb < 512:
        raise ValueError(f"{memory_mb} MB of memory is too little for PostgreSQL; 512 MB is the least")
    by_disk = tuning_disk.settings(memory_mb, disk, speed, wal_mb_s)
    by_disk |= {name: _megabytes(by_disk[name]) for name in ("max_wal_size", "min_wal_size")}
    # Of the 32 worker processes (see SHARED) some stay free for what is no query: Citus, pg_cron, replication.
    parallel = _clamp(cores, 2, 24)
    return {
        "shared_buffers": _megabytes(memory_mb // 4),
        "effective_cache_size": _megabytes(memory_mb * 3 // 4),
        "maintenance_work_mem": _megabytes(_clamp(memory_mb / 32, 32, 2 * GB)),
        # The strategy's 256 MB for each of 200 connections would be 50 GB of the 64; a query on Citus takes it
        # once per shard besides. Where a report needs more, its session sets it.
        "work_mem": _megabytes(_clamp(memory_mb / 1024, 4, 128)),
        "wal_buffers": "16MB",
        "checkpoint_completion_target": 0.9,
        "default_statistics_target": 100,
        "max_parallel_workers": parallel,
        "max_parallel_workers_per_gather": _clamp(parallel / 2, 1, 4),
        "max_parallel_maintenance_workers": _clamp(parallel / 2, 1, 4),
        "autovacuum_max_workers": _clamp(cores / 2, 3, 10),
        **by_disk,
        **(_reading(cores) if version >= 18 else {}),
    }


def _reading(cores: int) -> dict[str, str | int]:
    """How PostgreSQL 18 reads. Workers work on every kernel; io_uring fails at the start where it is forbidden.

    The wanted number of blocks is read at once by as many workers, for all sessions together: a quarter of the cores.
    """
    return {"io_method": "worker", "io_workers": _clamp(cores / 4, 3, 32)}


# Settings that must be equal on all members of a group, or a standby refuses to start; kept by Patroni in etcd.
# 200 connections are the strategy's. Its 8 worker processes are all taken by 8 parallel workers: Citus's daemon,
# pg_cron, logical replication for shard moves and background tasks need their own, so 32.
SHARED = {
    "max_connections": 200,
    "max_worker_processes": 32,
    # Every connection may hold a prepared transaction on each of two sides of a distributed commit.
    "max_prepared_transactions": 400,
    # A statement over 120 monthly partitions and as many shards locks each of them.
    "max_locks_per_transaction": 512,
    "max_wal_senders": 16,
    "max_replication_slots": 32,
}


# Of every connection, prepared transaction and process: its own state, and this much for each lock that it may hold.
_SLOT_KB, _LOCK_BYTES = 45, 390


def shared_memory_mb(settings: Mapping[str, Any]) -> int:
    """Shared memory that a server with these settings (`postgresql` and SHARED) takes, in MiB, rather a little more.

    Fitted to what PostgreSQL 17.12 and 18 say themselves (`postgres -C shared_memory_size`), with Citus 14, pg_cron and
    pg_stat_statements loaded: tests/unit/test_tuning.py has the measured values. Raises ValueError for what is no size.
    """
    buffers = megabytes(settings["shared_buffers"])
    slots = 4 + sum(
        int(settings[name])
        for name in (
            "max_connections",
            "max_prepared_transactions",
            "max_worker_processes",
            "max_wal_senders",
            "autovacuum_max_workers",
        )
    )
    slot_kb = _SLOT_KB + int(settings["max_locks_per_transaction"]) * _LOCK_BYTES / 1024
    # Each buffer has a header and its place in a hash table; caches of transactions' states grow with the first 4 GB.
    return int(buffers * 1.023 + min(buffers * 0.008, 33) + slots * slot_kb / 1024 + 38) + 1


# Of max_connections: three are PostgreSQL's own reserve, the others are for Patroni, operators, exporters and imports.
RESERVED_CONNECTIONS = 20
# A statement on all shards of a worker opens several connections to it; with fewer than this they queue for each other.
LEAST_CITUS_CONNECTIONS = 4
_POOL_SHARDED, _POOL_ALONE = 60, 100


def connections(
    nodes: int, sharded: bool, *, max_connections: int = SHARED["max_connections"], pool: int | None = None
) -> dict[str, int]:
    """How a node's max_connections are divided: {"pool": …, "citus": …, "reserved": …}.

    pool: connections of the node's PgBouncer; citus: those that each other node may open to this one for the
    statements that it routes. nodes: how many nodes know each other; any of them routes. Without pool it is 60 (100
    without shards, as the scaling strategy has it for a replica), less where that would leave Citus too few.
    Raises ValueError when the sum is more than max_connections.
    """
    others = nodes - 1 if sharded else 0
    free = max_connections - RESERVED_CONNECTIONS
    if pool is None:
        pool = min(_POOL_SHARDED if sharded else _POOL_ALONE, free - others * LEAST_CITUS_CONNECTIONS)
    citus = (free - pool) // others if others else 0
    if pool < 1 or (others and citus < LEAST_CITUS_CONNECTIONS) or (not others and pool > free):
        least = RESERVED_CONNECTIONS + max(pool, 20) + others * LEAST_CITUS_CONNECTIONS
        raise ValueError(
            f"{max(pool, 20)} of the pools, {LEAST_CITUS_CONNECTIONS} from each of {others} other nodes and"
            f" {RESERVED_CONNECTIONS} kept make {least}, max_connections is {max_connections}"
        )
    return {"pool": pool, "citus": citus, "reserved": RESERVED_CONNECTIONS}


def reports(cores: int) -> dict[str, int]:
    """Settings of a member for reports: how much of each worker replica one report may take. cores: CPUs of a node.

    Workers' commits wait for the same replicas. With as many connections to each as Citus likes, every report keeps
    all their cores busy (seen on two cores: p95 of writes 5 ms without reports, 52 ms with them, 14 ms with one
    connection, and twice as many reports done). They are kept open: a TLS connection a shard was half of the work.
    """
    connections = max(1, cores // 4)
    return {
        "citus.max_adaptive_executor_pool_size": connections,
        "citus.max_cached_conns_per_worker": connections,
    }
