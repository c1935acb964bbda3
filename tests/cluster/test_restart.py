"""A setting that needs a restart: one member at a time, replicas first, and nothing is left waiting."""

from __future__ import annotations

import re

import pytest

from tests.cluster.test_converge import changes

pytestmark = [pytest.mark.once, pytest.mark.long]

# Names in the order in which PostgreSQL was started, from the clocks of the hosts, which are one machine's.
STARTED = "SELECT pg_postmaster_start_time()"


def connections(cluster) -> set[str]:
    found = set()
    for node in cluster.topology.nodes:
        with cluster.connect_to(node, "admin") as conn:
            found.add(conn.execute("SHOW max_connections").fetchone()[0])
    return found


def started(cluster) -> dict:
    times = {}
    for node in cluster.topology.nodes:
        with cluster.connect_to(node, "admin") as conn:
            times[node.host] = conn.execute(STARTED).fetchone()[0]
    return times


@pytest.mark.usefixtures("short_enough")
def test_replicas_restart_before_primaries_and_one_at_a_time(cluster):
    leaders = {member.name for member in cluster.members() if member.role == "leader"}
    before = started(cluster)
    run = cluster.playbook("site", "--extra-vars", '{"patroni_shared_parameters": {"max_connections": 230}}')
    assert run.returncode == 0, run.stdout[-3000:]
    after = started(cluster)
    assert connections(cluster) == {"230"}
    assert all(after[host] > before[host] for host in after)
    order = sorted(after, key=after.get)
    assert set(order[-len(leaders) :]) == leaders, "primaries are last"
    assert len(re.findall(r"TASK \[Restart this replica\]", run.stdout)) == len(after) - len(leaders), (
        "one play a replica"
    )
    back = cluster.playbook("site", "--extra-vars", '{"patroni_shared_parameters": {"max_connections": 200}}')
    assert back.returncode == 0, back.stdout[-3000:]
    assert connections(cluster) == {"200"}
    assert cluster.camgrid("check").stdout == ""
    assert set(changes(cluster.playbook("site").stdout).values()) == {0}
