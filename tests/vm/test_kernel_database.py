"""What the kernel gives to a running PostgreSQL: huge pages, and not twice; limits; memory of both nodes; the fact."""

from __future__ import annotations

import json

import pytest

from camgrid import tuning
from tests.vm.provision import playbook

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def host(prepared):
    """The machine with PostgreSQL under Patroni."""
    run = playbook(prepared.inventory, "site")
    assert run.code == 0, run.text
    return prepared.machine.host


def shown(host, setting: str) -> str:
    return host.check_output(f"runuser -u postgres -- psql -AXtc 'SHOW {setting}'")


def postmaster(host) -> str:
    return host.check_output("head --lines=1 /var/lib/postgresql/17/vm/postmaster.pid")


def test_postgresql_lies_in_the_huge_pages_and_few_are_left_over(host):
    assert shown(host, "huge_pages") == "try"
    assert shown(host, "huge_pages_status") == "on"
    total, free, reserved = (
        int(host.check_output(f"awk '/HugePages_{name}/ {{print $2}}' /proc/meminfo"))
        for name in ("Total", "Free", "Rsvd")
    )
    used = int(shown(host, "shared_memory_size_in_huge_pages"))
    assert total - free + reserved == used
    assert used <= total <= used * 1.04 + 12


def test_settings_follow_from_the_measured_disk(host, prepared):
    speed = json.loads(host.file("/etc/ansible/facts.d/camgrid_disk.fact").content_string)
    memory = int(host.check_output("awk '/MemTotal/ {print $2}' /proc/meminfo")) // 1024
    wanted = tuning.postgresql(memory, prepared.machine.cpus, "nvme", speed=speed)
    names = (
        "maintenance_io_concurrency",
        "effective_io_concurrency",
        "commit_delay",
        "max_wal_size",
        "bgwriter_lru_maxpages",
    )
    assert {name: shown(host, name) for name in names} == {name: str(wanted[name]) for name in names}


def test_limits_and_nodes_of_the_running_server(host):
    limits = host.check_output(f"cat /proc/{postmaster(host)}/limits")
    assert "65536" in next(line for line in limits.splitlines() if line.startswith("Max open files"))
    assert "interleave:0-1" in host.check_output(f"cat /proc/{postmaster(host)}/numa_maps")
    committed, limit = (
        int(host.check_output(f"awk '/{name}/ {{print $2}}' /proc/meminfo")) for name in ("Committed_AS", "CommitLimit")
    )
    assert committed < limit


def test_hardware_is_what_the_machine_has(host):
    query = "SELECT component || '=' || current_value FROM camgrid.get_hardware_recommendations()"
    told = dict(
        line.split("=")
        for line in host.check_output(f'runuser -u postgres -- psql -AXtd camgrid -c "{query}"').splitlines()
    )
    assert told["Storage Type"] == "NVMe"
    assert told["Storage Capacity"] == "4096 MB"
    assert told["Huge Pages"] == "on"
    assert told["CPU Cores"] == "2 cores"


def test_a_disk_with_a_database_is_measured_no_more(host, prepared):
    fact = "/etc/ansible/facts.d/camgrid_disk.fact"
    kept = host.check_output(f"cat {fact}")
    refused = playbook(prepared.inventory, "hosts", "--tags", "disk_speed", "-e", "disk_speed_measure=again")
    assert refused.code != 0
    assert "PostgreSQL runs on this host" in refused.flat
    assert host.check_output(f"cat {fact}") == kept
    host.check_output(f"mv {fact} /root/kept.fact")
    try:
        run = playbook(prepared.inventory, "hosts", "--tags", "disk_speed")
        assert (run.code, run.changed) == (0, 0), run.text
        assert not host.file(fact).exists
    finally:
        host.check_output(f"mv /root/kept.fact {fact}")
