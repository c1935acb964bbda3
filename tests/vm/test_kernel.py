"""The kernel and the devices are set as the role says, also after a reboot; nothing is set that they lack."""

from __future__ import annotations

import json

import pytest

from camgrid import tuning, tuning_kernel
from tests.vm.provision import playbook

SET = ("after", "after reboot")


@pytest.fixture(scope="module")
def speed(prepared):
    """What was measured of the disk below the data."""
    return json.loads(prepared.machine.host.file("/etc/ansible/facts.d/camgrid_disk.fact").content_string)


@pytest.fixture(scope="module")
def memory_mb(prepared) -> int:
    """The machine's memory as Ansible counts it."""
    return int(prepared.machine.host.check_output("awk '/MemTotal/ {print $2}' /proc/meminfo")) // 1024


@pytest.mark.parametrize("when", SET)
def test_huge_pages_hold_what_postgresql_will_share(prepared, memory_mb, speed, when):
    settings = tuning.postgresql(memory_mb, prepared.machine.cpus, "nvme", speed=speed) | tuning.SHARED
    pages = tuning_kernel.huge_pages(memory_mb, tuning.shared_memory_mb(settings), 2048)
    assert pages > 0
    assert prepared.taken["before"]["huge pages"] == "0"
    assert prepared.taken[when]["huge pages"] == str(pages)


@pytest.mark.parametrize("when", SET)
def test_what_may_be_allocated_is_a_share_of_what_huge_pages_leave(prepared, memory_mb, when):
    taken = prepared.taken[when]
    assert taken["vm.overcommit_memory, _ratio"] == "2 90"
    assert prepared.taken["before"]["vm.overcommit_memory, _ratio"].startswith("0 ")
    limit = tuning_kernel.commit_limit_mb(memory_mb, int(taken["huge pages"]) * 2)
    assert int(taken["commit limit, kB"]) // 1024 == pytest.approx(limit, abs=2)


@pytest.mark.parametrize("when", SET)
def test_no_more_is_dirty_than_the_disk_writes_in_a_second(prepared, memory_mb, speed, when):
    wanted = tuning_kernel.write_back(memory_mb, speed["write_mb_s"])
    assert {name: prepared.taken[when][name] for name in wanted} == {name: str(value) for name, value in wanted.items()}
    assert prepared.taken["before"]["vm.dirty_bytes"] == "0"


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("transparent huge pages", "[madvise]"),
        ("data: read-ahead, kB", "1024"),
        ("numa_balancing, zone_reclaim", "0 0"),
        ("packets go to", "3"),
    ],
)
def test_is_set_now_and_after_a_reboot_and_was_not_before(prepared, label, value):
    assert [prepared.taken[when][label] for when in SET] == [value] * 2
    assert prepared.taken["before"][label] != value


def test_an_nvme_drive_has_no_scheduler(prepared):
    assert [prepared.taken[when]["data: scheduler"].split()[0] for when in SET] == ["[none]"] * 2


def test_what_the_machine_does_not_have_is_left_alone_and_said(prepared):
    for run in (prepared.first, prepared.second):
        assert "vm.swappiness: there is no swap" in run.flat
        assert "CPU governor: the kernel does not scale" in run.flat
    assert len({prepared.taken[when]["vm.swappiness"] for when in prepared.taken}) == 1


def test_the_disk_was_measured_once(prepared, speed):
    assert prepared.taken["before"]["measured disk"] == "none"
    assert prepared.taken["after"]["measured disk"] == prepared.taken["after reboot"]["measured disk"]
    assert speed["directory"] == "/var/lib/postgresql"
    assert min(speed[name] for name in ("write_mb_s", "commits_s", "reads_one_s", "reads_s")) > 0
    assert not prepared.machine.host.file("/var/lib/postgresql/.camgrid-disk-speed").exists


def test_what_somebody_changed_by_hand_is_set_again(prepared):
    host = prepared.machine.host
    changes = {
        "/proc/sys/vm/dirty_bytes": prepared.taken["after"]["vm.dirty_bytes"],
        "/sys/kernel/mm/transparent_hugepage/enabled": "[madvise]",
    }
    host.check_output("sysctl --write vm.dirty_bytes=1234567")
    host.check_output("echo always >/sys/kernel/mm/transparent_hugepage/enabled")
    run = playbook(prepared.inventory, "hosts", "--tags", "kernel")
    assert (run.code, run.changed) == (0, 2), run.text
    for path, value in changes.items():
        assert value in host.check_output("cat %s", path)
