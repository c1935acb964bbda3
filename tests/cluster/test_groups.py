"""Patroni's groups, etcd under them and Citus above."""

from __future__ import annotations

import pytest

from tests.cluster.support import MEASURED


def test_each_group_has_one_leader_and_quorum_replicas(cluster):
    for group in cluster.topology.groups():
        members = [member for member in cluster.members() if member.group == group]
        assert len(members) == len(cluster.topology.group(group))
        assert [member.role for member in members].count("leader") == 1
        reports = {node.host for node in cluster.topology.group(group) if node.analytics}
        replicas = [member for member in members if member.role != "leader"]
        assert {member.role for member in replicas if member.name not in reports} == {"quorum_standby"}
        assert {member.role for member in replicas if member.name in reports} <= {"replica"}
        assert {member.state for member in replicas} == {"streaming"}


def test_commits_wait_for_a_replica(cluster):
    for group in cluster.topology.groups():
        with cluster.connect_to(cluster.leader(group), "admin") as conn:
            assert conn.execute("SHOW synchronous_standby_names").fetchone()[0].startswith("ANY 1 (")
            query = "SELECT application_name, sync_state FROM pg_stat_replication WHERE usename = 'replicator'"
            states = dict(conn.execute(query).fetchall())
        reports = {node.host for node in cluster.topology.group(group) if node.analytics}
        assert {state for name, state in states.items() if name not in reports} == {"quorum"}
        assert {state for name, state in states.items() if name in reports} <= {"async"}


def test_etcd_is_whole_and_closed_to_strangers(cluster):
    members = cluster.topology.etcd["region_main"]
    host = cluster.host(members[0])
    pem, ca = "/etc/camgrid/pki/node.pem", "/etc/camgrid/pki/ca.crt"
    endpoints = ",".join(f"https://{cluster.topology.hosts[name]}:2379" for name in members)
    etcdctl = f"etcdctl --endpoints={endpoints} --cacert={ca}"
    assert host.run(f"{etcdctl} --cert={pem} --key={pem} endpoint health").rc == 0
    assert host.run(f"{etcdctl} --dial-timeout=2s --command-timeout=2s endpoint health").rc != 0
    assert host.run(f"etcdctl --endpoints=http://{cluster.topology.hosts[members[0]]}:2379 endpoint health").rc != 0


@pytest.mark.needs_workers
def test_citus_knows_every_member_by_its_region_neutral_name(cluster):
    known = cluster.rows("SELECT nodename, groupid, noderole::text FROM pg_dist_node WHERE isactive")
    leaders = {member.name for member in cluster.members() if member.role == "leader"}
    wanted = {
        (node.name, node.group, "primary" if node.host in leaders else "secondary") for node in cluster.topology.nodes
    }
    assert set(known) == wanted


@pytest.mark.needs_workers
def test_tables_are_spread_evenly_and_colocated(cluster):
    tables = dict(cluster.rows("SELECT table_name::text, colocation_id FROM citus_tables"))
    assert tables["counting_results"] == tables["camera_events"]
    placed = cluster.rows(
        "SELECT nodename, count(*) FROM citus_shards JOIN pg_dist_node USING (nodename, nodeport)"
        " WHERE table_name = 'counting_results'::regclass AND noderole = 'primary' GROUP BY nodename"
    )
    assert len(placed) == len(cluster.topology.groups()) - 1
    assert len({count for _, count in placed}) == 1, placed
    MEASURED.append(f"shards of counting_results: {dict(placed)}")


@pytest.mark.needs_workers
def test_every_primary_routes(cluster):
    for group in cluster.topology.groups():
        with cluster.connect_to(cluster.leader(group), "writer") as conn, conn.transaction(force_rollback=True):
            conn.execute(
                "INSERT INTO counting_results (camera_id, zone_id, timestamp, count_in)"
                " SELECT camera, 9, now(), 1 FROM generate_series(900001, 900064) AS camera"
            )
            query = "SELECT count(*), sum(count_in) FROM counting_results WHERE camera_id BETWEEN 900001 AND 900064"
            assert conn.execute(query).fetchone() == (64, 64)
