"""Numbers for hosts of every size; on the scaling strategy's own host, the strategy's numbers."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from camgrid.tuning import GB, SHARED, megabytes, postgresql, reports, shared_memory_mb

# The host that the strategy tunes: 64 GB of memory, 8 cores (as many as its parallel workers), NVMe.
STRATEGY_HOST = (64 * GB, 8, "nvme")
memories = st.integers(512, 4 * 1024 * GB)
cores = st.integers(1, 512)
disks = st.sampled_from(["nvme", "ssd", "hdd"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shared_buffers", "16GB"),
        ("effective_cache_size", "48GB"),
        ("maintenance_work_mem", "2GB"),
        ("checkpoint_completion_target", 0.9),
        ("wal_buffers", "16MB"),
        ("default_statistics_target", 100),
        ("random_page_cost", 1.1),
        ("effective_io_concurrency", 200),
        ("max_connections", 200),
        ("max_parallel_workers_per_gather", 4),
        ("max_parallel_workers", 8),
    ],
)
def test_the_strategys_host_gets_the_strategys_value(name, value):
    assert (postgresql(*STRATEGY_HOST) | SHARED)[name] == value


def test_work_mem_is_not_the_strategys_256_mb_because_200_connections_could_take_50_of_the_64_gb():
    assert megabytes(postgresql(*STRATEGY_HOST)["work_mem"]) == 64


def test_max_worker_processes_is_not_the_strategys_8_because_parallel_queries_alone_would_take_them_all():
    assert SHARED["max_worker_processes"] == 32
    assert postgresql(*STRATEGY_HOST)["max_parallel_workers"] == 8


def test_the_smallest_host_gets_no_less_than_it_can_work_with():
    settings = postgresql(512, 1, "ssd")
    assert settings["shared_buffers"] == "128MB"
    assert settings["work_mem"] == "4MB"
    assert settings["max_parallel_workers_per_gather"] == 1
    assert settings["autovacuum_max_workers"] == 3


def test_a_huge_host_is_not_given_more_than_helps():
    settings = postgresql(4096 * GB, 256, "nvme")
    assert settings["maintenance_work_mem"] == "2GB"
    assert settings["work_mem"] == "128MB"
    assert settings["max_wal_size"] == "64GB"
    assert settings["max_parallel_workers_per_gather"] == 4


def test_a_rotating_disk_costs_more_to_seek():
    assert postgresql(8 * GB, 4, "hdd")["random_page_cost"] == 4.0
    assert postgresql(8 * GB, 4, "hdd")["effective_io_concurrency"] == 2


@pytest.mark.parametrize(("arguments", "text"), [((511, 1, "ssd"), "too little"), ((GB, 1, "tape"), "nvme, ssd, hdd")])
def test_what_cannot_run_a_database_is_refused(arguments, text):
    with pytest.raises(ValueError, match=text):
        postgresql(*arguments)


@pytest.mark.parametrize(
    ("value", "size"),
    [("16GB", 16384), ("1TB", 1024 * GB), ("512MB", 512), ("4096kB", 4), (131072, 1024), ("131072", 1024)],
)
def test_sizes_are_read_as_postgresql_reads_them(value, size):
    assert megabytes(value) == size


def test_what_is_no_size_is_refused():
    with pytest.raises(ValueError, match="16 gigabytes"):
        megabytes("16 gigabytes")


# What `postgres -C shared_memory_size` of 17.12 said, with citus 14.0.1, pg_stat_statements and pg_cron loaded, the
# settings of SHARED, and those that are named.
@pytest.mark.parametrize(
    ("buffers", "autovacuum", "others", "measured"),
    [
        (128, 3, {}, 302),
        (512, 3, {}, 698),
        (1024, 3, {}, 1226),
        (4096, 4, {}, 4393),
        (16384, 4, {}, 16963),
        (65536, 10, {}, 67244),
        (262144, 10, {}, 267647),
        (1024, 3, {"max_connections": 500}, 1285),
        (1024, 3, {"max_prepared_transactions": 800}, 1318),
        (1024, 3, {"max_locks_per_transaction": 64}, 1113),
        (1024, 3, {"max_locks_per_transaction": 1024}, 1354),
        (1024, 3, {"max_worker_processes": 100}, 1239),
        (262144, 10, {"max_connections": 1000, "max_prepared_transactions": 2000}, 268161),
    ],
)
def test_shared_memory_is_what_postgresql_17_says_and_a_little_more(buffers, autovacuum, others, measured):
    settings = {"shared_buffers": f"{buffers}MB", "autovacuum_max_workers": autovacuum} | SHARED | others
    assert measured <= shared_memory_mb(settings) <= measured * 1.01 + 24


# The same of 18.6, without Citus, which takes 8 more.
@pytest.mark.parametrize(
    ("buffers", "autovacuum", "others", "measured"),
    [
        (128, 3, {}, 307),
        (512, 3, {}, 705),
        (1024, 3, {}, 1232),
        (4096, 4, {}, 4399),
        (16384, 4, {}, 16969),
        (65536, 10, {}, 67250),
        (262144, 10, {}, 267652),
        (1024, 3, {"max_connections": 500}, 1302),
        (1024, 3, {"max_prepared_transactions": 800}, 1326),
        (1024, 3, {"max_locks_per_transaction": 64}, 1117),
        (262144, 10, {"max_connections": 1000, "max_prepared_transactions": 2000}, 268197),
    ],
)
def test_shared_memory_is_what_postgresql_18_says_and_a_little_more(buffers, autovacuum, others, measured):
    settings = {"shared_buffers": f"{buffers}MB", "autovacuum_max_workers": autovacuum} | SHARED | others
    assert measured + 8 <= shared_memory_mb(settings) <= measured * 1.01 + 24


@given(memories, cores, disks)
def test_buffers_take_a_quarter_and_the_cache_fits(memory, cpus, disk):
    settings = postgresql(memory, cpus, disk)
    assert megabytes(settings["shared_buffers"]) <= memory / 4
    assert megabytes(settings["effective_cache_size"]) <= memory * 3 / 4


@given(memories, cores, disks)
def test_all_that_may_be_taken_at_once_fits_into_memory(memory, cpus, disk):
    assume(memory >= 2 * GB)  # below, PostgreSQL's own least values for 200 connections are what counts
    settings = postgresql(memory, cpus, disk)
    taken = megabytes(settings["shared_buffers"])
    taken += SHARED["max_connections"] * megabytes(settings["work_mem"])
    taken += settings["autovacuum_max_workers"] * megabytes(settings["maintenance_work_mem"])
    assert taken <= memory


@given(memories, cores, disks)
def test_parallel_queries_leave_worker_processes_for_the_others(memory, cpus, disk):
    settings = postgresql(memory, cpus, disk)
    assert settings["max_parallel_workers"] <= SHARED["max_worker_processes"] - 8
    assert settings["max_parallel_workers_per_gather"] <= settings["max_parallel_workers"]
    assert megabytes(settings["min_wal_size"]) < megabytes(settings["max_wal_size"])


@given(memories, memories, cores, disks)
def test_more_memory_never_gives_less(one, other, cpus, disk):
    less, more = (postgresql(memory, cpus, disk) for memory in sorted((one, other)))
    for name, value in less.items():
        if isinstance(value, str):
            assert megabytes(value) <= megabytes(more[name]), name


@given(cores)
def test_a_report_leaves_most_cores_of_a_replica_to_those_whose_commits_wait_for_it(cpus):
    connections = reports(cpus)["citus.max_adaptive_executor_pool_size"]
    assert connections == 1 or connections <= cpus / 4
