"""get_hardware_recommendations(): real values of every node, unknown where there are none, and computed advice."""

from __future__ import annotations

import json

import psycopg
import pytest

COMPONENTS = {
    "CPU Cores",
    "Memory (RAM)",
    "Shared Buffers",
    "Huge Pages",
    "Storage Type",
    "Storage Capacity",
    "Network Bandwidth",
}
GB = 1024**3
# A node that has enough of everything for the data and the load below.
NODE = {
    "cores": 16,
    "memory_bytes": 64 * GB,
    "disk_kind": "NVMe",
    "disk_device": "nvme0n1p1",
    "disk_bytes": 4000 * GB,
    "network_mbit": 10000,
    "shared_buffers": 16 * GB,
    "huge_pages": "on",
    "data_bytes": 500 * GB,
    "month_bytes": 20 * GB,
    "hot_bytes": 40 * GB,
    "busy_sessions": 2.5,
    "wal_bytes_s": 2_000_000,
    "replicas": 2,
    "measured_s": 864_000,
}


def advice(cluster, *, cameras=1000, results_s=900, groups=2, **changes):
    """Component → current, recommended, priority, of a node like NODE but for the changes."""
    hardware = None if changes.get("hardware", 0) is None else json.dumps(NODE | changes)
    query = "SELECT component, current_value, recommended_value, priority FROM hardware_advice(%s, %s, %s, %s)"
    return {name: rest for name, *rest in cluster.rows(query, hardware, cameras, results_s, groups)}


def test_every_node_has_every_component_once(cluster):
    rows = cluster.rows("SELECT node_name, component FROM get_hardware_recommendations()", role="monitor")
    names = [node.name if cluster.topology.sharded else node.address for node in cluster.topology.nodes]
    assert sorted(rows) == sorted((name, component) for name in names for component in COMPONENTS)


def test_what_is_told_is_what_the_host_itself_says(cluster):
    node = cluster.leader(0)
    name, host = node.name if cluster.topology.sharded else node.address, cluster.host(node.host)
    query = "SELECT component, current_value FROM get_hardware_recommendations() WHERE node_name = %s"
    told = dict(cluster.rows(query, name, role="monitor"))
    assert told["CPU Cores"] == f"{host.check_output('grep --count ^processor /proc/cpuinfo')} cores"
    kilobytes = int(host.check_output("awk '/MemTotal/ {print $2}' /proc/meminfo"))
    assert told["Memory (RAM)"] == cluster.value("SELECT pg_size_pretty(%s::bigint)", kilobytes * 1024)
    with cluster.connect_to(node, "admin") as conn:
        assert told["Huge Pages"] == conn.execute("SHOW huge_pages_status").fetchone()[0]
        buffers = "SELECT pg_size_pretty(pg_size_bytes(current_setting('shared_buffers')))"
        assert told["Shared Buffers"] == conn.execute(buffers).fetchone()[0]


def test_a_container_sees_no_disk_and_no_card_and_says_so(cluster):
    query = (
        "SELECT DISTINCT component FROM get_hardware_recommendations() WHERE current_value = 'unknown'"
        " AND priority = 'unknown'"
    )
    found = {component for (component,) in cluster.rows(query, role="monitor")}
    assert found == {"Storage Type", "Storage Capacity", "Network Bandwidth"}


def test_a_node_that_has_enough_is_urged_to_nothing(cluster):
    assert {priority for _, _, priority in advice(cluster).values()} == {"low"}


@pytest.mark.parametrize(
    ("component", "changes", "told"),
    [
        ("CPU Cores", {"cores": 4}, ["4 cores", "8 cores", "high"]),  # 2.5 busy, three times as many in a busy hour
        ("CPU Cores", {"results_s": 20_000}, ["16 cores", "30 cores", "high"]),
        ("CPU Cores", {"results_s": None, "cameras": 50_000}, ["16 cores", "25 cores", "high"]),
        ("Memory (RAM)", {"hot_bytes": 90 * GB}, ["64 GB", "128 GB", "high"]),
        ("Memory (RAM)", {"memory_bytes": 1024 * GB}, ["1024 GB", "64 GB", "low"]),
        ("Shared Buffers", {"shared_buffers": GB // 8}, ["128 MB", "16 GB", "medium"]),
        ("Huge Pages", {"huge_pages": "off"}, ["off", "on", "high"]),
        ("Huge Pages", {"huge_pages": "off", "shared_buffers": GB // 2}, ["off", "on", "low"]),
        ("Storage Type", {"disk_kind": "HDD"}, ["HDD", "NVMe", "critical"]),
        ("Storage Capacity", {"disk_bytes": 900 * GB}, ["900 GB", "1057 GB", "high"]),
        ("Storage Capacity", {"disk_bytes": 510 * GB}, ["510 GB", "1057 GB", "critical"]),
        ("Network Bandwidth", {"network_mbit": 1000, "data_bytes": 10_000 * GB}, ["1 Gbps", "10 Gbps", "high"]),
        ("Storage Type", {"disk_kind": None}, ["unknown", "NVMe", "unknown"]),
        ("Network Bandwidth", {"network_mbit": None}, ["unknown", "1 Gbps", "unknown"]),
    ],
)
def test_advice_follows_from_data_cameras_and_load(cluster, component, changes, told):
    assert advice(cluster, **changes)[component] == told


def test_nothing_is_known_of_a_node_that_does_not_answer(cluster):
    assert {current for current, *_ in advice(cluster, hardware=None).values()} == {"unknown"}
    assert {priority for *_, priority in advice(cluster, hardware=None).values()} == {"unknown"}


def test_monitors_alone_may_ask_and_nobody_reads_files_through_it(cluster):
    for role in ("reader", "writer", "reporter"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            cluster.rows("SELECT * FROM get_hardware_recommendations()", role=role)
    for statement in ("kernel_file('/proc/self/environ')", "local_hardware()", "data_disk()"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            cluster.rows(f"SELECT {statement}", role="monitor")
    assert cluster.value("SELECT kernel_file('/etc/passwd')") is None
