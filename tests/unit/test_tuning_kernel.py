"""What a host's kernel and devices are set to, for hosts of every size; and nothing that they do not have."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camgrid import tuning
from camgrid.tuning import GB, SHARED
from camgrid.tuning_kernel import MB, commit_limit_mb, cpu_mask, huge_pages, plan, write_back

memories = st.integers(512, 4 * 1024 * GB)
SYSCTL = {
    "vm.dirty_background_bytes": "0",
    "vm.dirty_bytes": "0",
    "vm.swappiness": "60",
    "vm.overcommit_memory": "0",
    "vm.overcommit_ratio": "50",
    "vm.zone_reclaim_mode": "0",
    "kernel.numa_balancing": "1",
}
NVME = {"scheduler": "mq-deadline", "schedulers": ["none", "mq-deadline"], "read_ahead_kb": 128, "rotational": False}


def look(**changes):
    """A host with everything, as look.py sees it before its first run."""
    return {
        "memory_kb": 64 * GB * 1024,
        "swap_kb": 1024,
        "huge_page_kb": 2048,
        "huge_pages": 0,
        "cpus": 8,
        "numa_nodes": 2,
        "sysctl": dict(SYSCTL),
        "transparent_huge_pages": "always",
        "governors": [{"now": "powersave", "available": ["performance", "powersave"]}],
        "clock": "tsc",
        "clocks": ["tsc", "hpet"],
        "disks": {"nvme0n1": dict(NVME)},
        "interfaces": {"enp1s0": {"receive_queues": 1, "rps_cpus": "00"}},
        "postgresql_runs": False,
    } | changes


def planned(memory_mb=64 * GB, database=True, shared_memory_mb=17000, **changes):
    return plan(look(**changes), memory_mb=memory_mb, database=database, shared_memory_mb=shared_memory_mb)


@pytest.mark.parametrize(
    ("memory", "pages"),
    [(512, 0), (4 * GB, 608), (64 * GB, 8350), (1024 * GB, 133_200)],
)
def test_huge_pages_hold_the_shared_memory_of_hosts_from_tiny_to_huge(memory, pages):
    settings = tuning.postgresql(memory, 8, "nvme") | SHARED
    found = huge_pages(memory, tuning.shared_memory_mb(settings), 2048)
    assert found == pytest.approx(pages, rel=0.04)
    assert found * 2 <= memory * 0.4
    # The kernel's other sizes of page (64 KB base pages on ARM make 512 MB ones) hold as much.
    assert huge_pages(memory, 17000, 524_288) in (0, 34)


@given(memories, st.integers(1, 256))
def test_what_huge_pages_leave_is_enough_for_all_that_may_be_allocated(memory, cpus):
    settings = tuning.postgresql(memory, cpus, "nvme") | SHARED
    shared = tuning.shared_memory_mb(settings)
    huge = huge_pages(memory, shared, 2048) * 2
    free = commit_limit_mb(memory, huge) - (0 if huge else shared)
    megabytes = {name: tuning.megabytes(settings[name]) for name in ("work_mem", "maintenance_work_mem")}
    if memory >= 4 * GB:  # as little as 200 connections can do with
        wanted = SHARED["max_connections"] * megabytes["work_mem"]
        wanted += settings["autovacuum_max_workers"] * megabytes["maintenance_work_mem"]
        assert wanted <= free
        # And where the pages could not be had, the server starts without them (huge_pages = try).
        assert shared <= commit_limit_mb(memory, huge) / 2
    assert commit_limit_mb(memory, huge) + huge < memory


@given(memories, st.one_of(st.none(), st.floats(1, 20000)))
def test_the_kernel_writes_back_long_before_it_blocks(memory, speed):
    settings = write_back(memory, speed)
    assert settings["vm.dirty_background_bytes"] <= settings["vm.dirty_bytes"] / 4
    assert 64 * MB <= settings["vm.dirty_bytes"] <= max(4096 * MB, memory * MB / 16)
    if speed and speed >= 64:
        assert settings["vm.dirty_bytes"] <= speed * MB, "no more than is written in a second"


def test_without_a_measured_disk_write_back_is_as_it_was():
    assert write_back(64 * GB) == {"vm.dirty_background_bytes": 64 * MB, "vm.dirty_bytes": 1024 * MB}
    assert write_back(8 * GB)["vm.dirty_bytes"] == 256 * MB


@pytest.mark.parametrize(
    ("cpus", "mask"), [(1, "1"), (2, "3"), (8, "ff"), (32, "ffffffff"), (36, "f,ffffffff"), (64, "ffffffff,ffffffff")]
)
def test_cpus_are_written_as_sysfs_writes_them(cpus, mask):
    assert cpu_mask(cpus) == mask


def test_a_host_with_everything_gets_everything():
    wanted = planned()
    assert wanted["sysctl"].keys() == SYSCTL.keys()
    assert wanted["huge_pages"] == {"vm.nr_hugepages": 8500}
    assert set(wanted["files"].values()) == {"madvise", "performance"}
    assert wanted["interleave"]
    assert all(wanted["stale"].values())
    assert wanted["left_out"] == []


def test_what_a_host_does_not_have_is_left_out_and_named():
    wanted = planned(
        swap_kb=0,
        huge_page_kb=0,
        cpus=1,
        numa_nodes=1,
        sysctl={name: value for name, value in SYSCTL.items() if not name.startswith("vm.dirty")},
        transparent_huge_pages=None,
        governors=[],
        disks={"nbd0": dict(NVME)},
    )
    assert wanted["sysctl"].keys() == {"vm.overcommit_memory", "vm.overcommit_ratio"}
    assert (wanted["huge_pages"], wanted["files"], wanted["rules"], wanted["interleave"]) == ({}, {}, [], False)
    named = "\n".join(wanted["left_out"])
    for what in (
        "swap",
        "huge pages: this kernel",
        "one CPU",
        "one node",
        "vm.dirty_bytes",
        "transparent",
        "governor",
        "nbd0",
    ):
        assert what in named


def test_a_host_without_postgresql_limits_no_allocation_and_reserves_nothing():
    wanted = planned(database=False)
    assert not {"vm.overcommit_memory", "vm.overcommit_ratio"} & wanted["sysctl"].keys()
    assert wanted["huge_pages"] == {}
    assert not wanted["interleave"]


@pytest.mark.parametrize(("running", "already", "now"), [(True, 0, False), (True, 8000, True), (False, 0, True)])
def test_huge_pages_are_not_taken_beside_a_server_that_runs_without(running, already, now):
    wanted = planned(postgresql_runs=running, huge_pages=already)
    assert wanted["huge_pages_now"] == now == wanted["stale"]["huge_pages"]
    assert any("next boot" in line for line in wanted["left_out"]) != now


def test_nothing_is_stale_where_it_is_as_it_was_set():
    first = planned()
    again = planned(
        sysctl={name: str(value) for name, value in first["sysctl"].items()},
        huge_pages=first["huge_pages"]["vm.nr_hugepages"],
        transparent_huge_pages="madvise",
        governors=[{"now": "performance", "available": ["performance", "powersave"]}],
        disks={"nvme0n1": NVME | {"scheduler": "none", "read_ahead_kb": 1024}},
        interfaces={"enp1s0": {"receive_queues": 1, "rps_cpus": "00ff"}},
        postgresql_runs=True,
    )
    assert not any(again["stale"].values())


def test_the_operators_own_values_count_and_are_not_taken_for_stale():
    seen = look(sysctl={name: str(value) for name, value in planned()["sysctl"].items()} | {"vm.swappiness": "10"})
    wanted = plan(seen, memory_mb=64 * GB, database=True, others={"vm.swappiness": 10, "net.core.rmem_max": 1})
    assert wanted["sysctl"]["vm.swappiness"] == 10
    assert not wanted["stale"]["sysctl"]


@pytest.mark.parametrize(
    ("name", "queue", "attributes"),
    [
        ("nvme1n1", {}, {"scheduler": "none", "read_ahead_kb": "1024"}),
        ("vda", {"rotational": True}, {"scheduler": "none", "read_ahead_kb": "1024"}),
        ("vda", {"schedulers": ["mq-deadline"]}, {"read_ahead_kb": "1024"}),
        ("sda", {}, {"read_ahead_kb": "1024"}),
        ("sda", {"rotational": True}, {"read_ahead_kb": "4096"}),
        ("md0", {"schedulers": []}, {"read_ahead_kb": "1024"}),
    ],
)
def test_each_kind_of_device_gets_its_own_rule(name, queue, attributes):
    (rule,) = [rule for rule in planned(disks={name: NVME | queue}, cpus=1)["rules"] if '"block"' in rule]
    assert dict(re.findall(r'ATTR\{queue/(\w+)\}="(\w+)"', rule)) == attributes


def test_a_clock_that_is_slow_to_read_gives_way_to_the_cpus_own():
    clocks = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
    assert planned(clock="hpet")["files"][clocks] == "tsc"
    assert clocks not in planned(clock="hpet", clocks=["hpet"])["files"]
    assert clocks not in planned(clock="kvm-clock", clocks=["kvm-clock", "tsc"])["files"], "read without the kernel"
