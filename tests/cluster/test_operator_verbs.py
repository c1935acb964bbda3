"""What an operator does on purpose: switchover, rolling restart, a copy made anew. Refusals change nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from camgrid.topology import Node
from tests.cluster.support import MEASURED, ROOT, Cluster
from tests.cluster.test_converge import changes
from tests.cluster.test_restart import started
from tests.cluster.waiting import settle
from tests.cluster.writer import Writer

pytestmark = pytest.mark.usefixtures("short_enough")


def message(output: str) -> str:
    """What a playbook said, on one line: its YAML output folds long ones."""
    return " ".join(output.split())


def could_lead(cluster: Cluster, group: int) -> Node:
    """A replica of a group that may lead."""
    leader = cluster.leader(group)
    return next(node for node in cluster.topology.group(group) if node != leader and not node.analytics)


def reinit(cluster: Cluster, member: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the playbook where nobody can be asked."""
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", str(cluster.path), "-e", f"member={member}"]
    command += ["playbooks/reinit_member.yml", *arguments]
    nobody = subprocess.DEVNULL
    return subprocess.run(command, cwd=ROOT, stdin=nobody, capture_output=True, text=True, check=False, timeout=600)


def switch(cluster: Cluster, group: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    return cluster.playbook("switchover", "-e", f"group={group}", *arguments)


def named_by_citus(cluster: Cluster, group: int) -> str:
    return cluster.value("SELECT nodename FROM pg_dist_node WHERE groupid = %s AND noderole = 'primary'", group)


def test_each_group_is_led_by_another_member_and_by_the_first_again(cluster):
    for group in cluster.topology.groups():
        first, second = cluster.leader(group), could_lead(cluster, group)
        assert f"{first.host} hands over to {second.host}" in switch(cluster, group, "--check").stdout
        assert cluster.leader(group) == first, "--check only says so"
        for candidate in (second, first):
            run = switch(cluster, group, "-e", f"candidate={candidate.host}")
            assert run.returncode == 0, run.stdout[-3000:]
            assert cluster.leader(group) == candidate
            assert {m.state for m in cluster.members() if m.group == group and not m.leads} == {"streaming"}
            if cluster.topology.sharded:
                assert named_by_citus(cluster, group) == candidate.name
            took = re.search(r"leads in place of \S+ after ([\d.]+) s", message(run.stdout))
            MEASURED.append(f"switchover of group {group} to {candidate.host}: {took[1]} s until it led")
    again = switch(cluster, group, "-e", f"candidate={first.host}")
    assert again.returncode == 0
    assert "leads already" in again.stdout
    assert set(changes(again.stdout).values()) == {0}


def test_a_switchover_that_cannot_be_is_refused_with_those_who_could(cluster):
    leader, replica = cluster.leader(0), could_lead(cluster, 0)
    refused = {"nonsense": "is no member of this group"}
    refused |= {node.host: "is kept from leading" for node in cluster.topology.group(0) if node.analytics}
    for candidate, reason in refused.items():
        run = switch(cluster, 0, "-e", f"candidate={candidate}")
        assert run.returncode != 0
        assert f"Nothing was changed: {candidate} {reason}" in message(run.stdout)
        assert replica.host in message(run.stdout).split("those who could: ")[1]
    groups = ", ".join(map(str, cluster.topology.groups()))
    assert f"Name a group with -e group=N: {groups}" in message(switch(cluster, 99).stdout)
    assert cluster.leader(0) == leader


def test_an_unhealthy_group_is_not_switched_over(cluster):
    group = cluster.topology.groups()[-1]
    leader, replica = cluster.leader(group), could_lead(cluster, group)
    cluster.host(replica.host).check_output("systemctl stop patroni")
    try:
        run = switch(cluster, group)
        assert run.returncode != 0
        wanted = rf"{replica.host} (is \w+|does not stream)|nobody leads"
        assert re.search(wanted, message(run.stdout)), run.stdout
        assert cluster.leader(group) == leader
    finally:
        cluster.host(replica.host).check_output("systemctl start patroni")
        settle(cluster)


def test_a_rolling_restart_under_writes_loses_none_and_needs_one_retry_at_most(cluster):
    group = cluster.topology.groups()[-1]
    mine = {node.host for node in cluster.topology.group(group)}
    before = started(cluster)
    with Writer(cluster, "ingest") as writer:
        run = cluster.playbook("rolling_restart", "-e", f"group={group}")
    assert run.returncode == 0, run.stdout[-3000:]
    after = started(cluster)
    assert {host for host in after if after[host] > before[host]} == mine
    assert writer.failed == []
    assert writer.missing() == []
    MEASURED.append(
        f"rolling restart of group {group}: {len(writer.acknowledged)} writes through ingest, {writer.retried} of them"
        f" sent twice, the longest took {writer.longest:.1f} s, none lost"
    )
    (since,) = re.findall(r"since=(\S+Z)", run.stdout)
    again = cluster.playbook("rolling_restart", "-e", f"group={group}", "-e", f"since={since}")
    assert again.returncode == 0, again.stdout[-3000:]
    assert started(cluster) == after, "all were restarted since, so there is nothing to go on with"
    wrong = cluster.playbook("rolling_restart", "-e", "since=yesterday")
    assert "Write the moment with its time zone" in message(wrong.stdout)


def test_a_member_is_copied_anew(cluster):
    group = cluster.topology.groups()[-1]
    leader, replica = cluster.leader(group), could_lead(cluster, group)
    mark = f"/var/lib/postgresql/{cluster.topology.postgresql_version}/{cluster.topology.cluster}/mark"
    cluster.host(replica.host).check_output(f"touch {mark}")
    run = reinit(cluster, replica.host, "-e", "yes=true")
    assert run.returncode == 0, run.stdout[-3000:]
    assert not cluster.host(replica.host).file(mark).exists, "it has its leader's files alone"
    took = re.search(r"streams after ([\d.]+) s; (\d+) bytes were copied", message(run.stdout))
    assert int(took[2]) > 10_000_000, "an empty PostgreSQL is larger than that"
    MEASURED.append(f"copying {replica.host} anew: {took[0]}")
    assert cluster.leader(group) == leader
    settle(cluster)


def test_a_copy_is_refused_to_the_leader_to_strangers_and_without_consent(cluster):
    group = cluster.topology.groups()[-1]
    leader, replica = cluster.leader(group), could_lead(cluster, group)
    before = started(cluster)
    for member, reason in {
        leader.host: f"{leader.host} leads its group",
        "nonsense": "Name a member with -e member=HOST",
        replica.host: f"nobody typed {replica.host}",
    }.items():
        run = reinit(cluster, member)
        assert run.returncode != 0
        assert reason in message(run.stdout), run.stdout[-2000:]
    assert started(cluster) == before
