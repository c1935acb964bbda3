"""The one place where numbers come from: PostgreSQL's and the kernel's settings for a host's memory, cores and disk.

Roles call it through the filters of `camgrid.ansible.filter`. On the 64 GB, 8 core, NVMe host of the scaling
strategy it gives that document's values, except for two, whose reason stands beside them.
"""

from __future__ import annotations

MB = 1
GB = 1024 * MB

# disk kind → (random_page_cost, effective_io_concurrency)
_DISKS = {"nvme": (1.1, 200), "ssd": (1.1, 200), "hdd": (4.0, 2)}


def _clamp(value: float, low: int, high: int) -> int:
    return int(max(low, min(high, value)))


def _megabytes(value: int) -> str:
    """The way PostgreSQL itself would print it: 2GB rather than 2048MB."""
    return f"{value // GB}GB" if value % GB == 0 else f"{value}MB"


def postgresql(memory_mb: int, cores: int, disk: str) -> dict[str, str | int | float]:
    """PostgreSQL settings of one host.

    memory_mb: memory that the host may use, in MiB; cores: its CPUs; disk: "nvme", "ssd" or "hdd".
    Raises ValueError when a host cannot run a database at all.
    """
    if memory_mb < 512:
        raise ValueError(f"{memory_mb} MB of memory is too little for PostgreSQL; 512 MB is the least")
    if disk not in _DISKS:
        raise ValueError(f"disk kind {disk!r} is not one of {', '.join(_DISKS)}")
    page_cost, concurrency = _DISKS[disk]
    # A checkpoint's worth of WAL: memory is the measure of how fast a host is expected to write.
    max_wal = _clamp(memory_mb / 4, GB, 64 * GB)
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
        "random_page_cost": page_cost,
        "effective_io_concurrency": concurrency,
        "max_parallel_workers": parallel,
        "max_parallel_workers_per_gather": _clamp(parallel / 2, 1, 4),
        "max_parallel_maintenance_workers": _clamp(parallel / 2, 1, 4),
        "autovacuum_max_workers": _clamp(cores / 2, 3, 10),
        "max_wal_size": _megabytes(max_wal),
        "min_wal_size": _megabytes(max_wal // 4),
    }


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


def kernel(memory_mb: int) -> dict[str, str | int]:
    """sysctl settings of a database host; what is namespaced by network also works in a container."""
    return {
        # Write-back starts early and in small portions, or a checkpoint's fsync stalls every commit.
        "vm.dirty_background_bytes": 64 * 1024 * 1024,
        "vm.dirty_bytes": _clamp(memory_mb / 64, 256, 1024) * 1024 * 1024,
        "vm.swappiness": 1,
        # No overcommit: an allocation fails in one backend instead of the OOM killer ending the postmaster.
        "vm.overcommit_memory": 2,
        "vm.overcommit_ratio": 90,
    }


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
