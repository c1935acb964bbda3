"""Settings by a disk's measured speed: right for fast and slow ones, reloadable all, and none where it is unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camgrid import tuning
from camgrid.tuning import GB, megabytes, postgresql
from camgrid.tuning_disk import commit_delay_us, io_concurrency, kind_of, max_wal_mb, settings

# What drives of each sort do: a server's NVMe with a capacitor, a consumer's without one, 7,200 turns a minute.
SERVER = {"write_mb_s": 3000, "commits_s": 30000, "reads_one_s": 11000, "reads_s": 210_000, "size_mb": 3_600_000}
CONSUMER = {"write_mb_s": 1800, "commits_s": 600, "reads_one_s": 9000, "reads_s": 190_000, "size_mb": 900_000}
SATA = {"write_mb_s": 480, "commits_s": 4000, "reads_one_s": 6000, "reads_s": 60_000, "size_mb": 900_000}
TURNING = {"write_mb_s": 150, "commits_s": 90, "reads_one_s": 110, "reads_s": 260, "size_mb": 7_000_000}
speeds = st.fixed_dictionaries(
    {
        "write_mb_s": st.integers(1, 20000),
        "commits_s": st.integers(1, 200_000),
        "reads_one_s": st.integers(0, 200_000),
        "reads_s": st.integers(1, 1_000_000),
        "size_mb": st.integers(640, 100_000_000),
    }
)
# pg_settings.context of what may not be changed without a restart: the names that PostgreSQL 17 has among ours.
RESTARTS = {"shared_buffers", "wal_buffers"}


def test_without_a_measurement_nothing_changes():
    assert (
        settings(64 * GB, "nvme")
        == settings(64 * GB, "nvme", {})
        == {
            "random_page_cost": 1.1,
            "effective_io_concurrency": 200,
            "max_wal_size": 16 * GB,
            "min_wal_size": 4 * GB,
        }
    )


@given(speeds)
def test_what_a_measurement_changes_takes_effect_with_a_reload(speed):
    plain, measured = postgresql(64 * GB, 8, "nvme"), postgresql(64 * GB, 8, "nvme", speed=speed)
    assert {name for name in measured if measured[name] != plain.get(name)} & RESTARTS == set()
    assert tuning.shared_memory_mb(plain | tuning.SHARED) == tuning.shared_memory_mb(measured | tuning.SHARED)


@pytest.mark.parametrize(
    ("said", "speed", "behaves"),
    [("nvme", SERVER, "nvme"), ("ssd", TURNING, "hdd"), ("hdd", SATA, "ssd"), ("ssd", {}, "ssd"), ("hdd", {}, "hdd")],
)
def test_a_disk_is_what_it_behaves_as(said, speed, behaves):
    assert kind_of(said, speed) == behaves


@pytest.mark.parametrize(("speed", "together"), [(SERVER, 38), (CONSUMER, 42), (SATA, 20), (TURNING, 4)])
def test_as_many_reads_at_once_as_keep_the_disk_busy(speed, together):
    assert io_concurrency(speed) == together


def test_a_disk_whose_end_was_not_found_gets_the_strategys_number():
    assert io_concurrency(SERVER | {"reads_s": 64 * SERVER["reads_one_s"]}) == 200


@pytest.mark.parametrize(
    ("memory", "speed", "wal_mb_s", "wanted"),
    [
        (64 * GB, SERVER, None, 16 * GB),
        (1024 * GB, SERVER, None, 60_000),  # 200 MiB/s replayed for 300 s
        (4 * GB, SERVER, None, GB),
        (64 * GB, TURNING, None, GB),  # 260 blocks a second: 2 MiB
        (64 * GB, SERVER | {"size_mb": 50_000}, None, 5000),
        (64 * GB, SERVER | {"size_mb": 5000}, None, 500),
        (64 * GB, SERVER, 10, 17_100),
        (64 * GB, SERVER, 1, 1710),
        (64 * GB, {}, 10, 17_100),
    ],
)
def test_wal_between_checkpoints(memory, speed, wal_mb_s, wanted):
    assert max_wal_mb(memory, speed, wal_mb_s) == wanted


@pytest.mark.parametrize(("speed", "delay"), [(SERVER, 0), (SATA, 0), (CONSUMER, 833), (TURNING, 5555)])
def test_commits_wait_for_each_other_only_where_a_flush_is_slow(speed, delay):
    assert commit_delay_us(speed) == delay


@given(st.integers(512, 4 * 1024 * GB), st.sampled_from(["nvme", "ssd", "hdd"]), speeds, st.floats(0.01, 5000))
def test_every_number_is_one_that_postgresql_takes(memory, kind, speed, wal_mb_s):
    found = postgresql(memory, 8, kind, speed=speed, wal_mb_s=wal_mb_s)
    assert 1 <= found["effective_io_concurrency"] == found["maintenance_io_concurrency"] <= 1000
    assert 0 <= found["commit_delay"] <= 100_000
    assert 100 <= found["bgwriter_lru_maxpages"] <= 1000
    assert 32 <= megabytes(found["min_wal_size"]) < megabytes(found["max_wal_size"])


def test_postgresql_18_reads_with_workers_for_a_quarter_of_the_cores():
    assert "io_method" not in postgresql(64 * GB, 8, "nvme")
    assert [postgresql(64 * GB, cores, "nvme", version=18)["io_workers"] for cores in (2, 16, 256)] == [3, 4, 32]
    assert postgresql(64 * GB, 8, "nvme", version=18)["io_method"] == "worker"
