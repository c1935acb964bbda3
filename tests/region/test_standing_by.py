"""The region that stands by: it follows, its reads are its own, and nothing asked of it can write anywhere."""

from __future__ import annotations

import time

import psycopg
import pytest

from camgrid import connect, endpoints
from camgrid.lab import cut
from tests.cluster.waiting import until
from tests.region.conftest import OTHER_REGION

CAMERA = 960_001
INSERT = "INSERT INTO counting_results (camera_id, zone_id, timestamp, count_in) VALUES (960001, 9, now(), 1)"
# Every way to write that there is, those with the switch that Citus has for it among them.
WRITES = {
    "insert": INSERT,
    "update": "UPDATE counting_results SET count_in = 2 WHERE camera_id = 960001",
    "delete": "DELETE FROM counting_results WHERE camera_id = 960001",
    "all shards": "UPDATE counting_results SET count_in = 2",
    "reference table": "UPDATE cameras SET name = 'x' WHERE id = 960001",
    "ddl": "CREATE TABLE x (y integer)",
    "allowed by Citus": f"SET citus.writable_standby_coordinator = on; {INSERT}",
    "read-only off": f"SET transaction_read_only = off; {INSERT}",
}


@pytest.fixture(scope="module")
def row(cluster):
    """A row that both regions have."""
    with cluster.connect("admin") as conn:
        conn.execute("INSERT INTO cameras (id, name) VALUES (%s, 'region') ON CONFLICT DO NOTHING", (CAMERA,))
        conn.execute(INSERT)
        at = conn.execute("SELECT max(timestamp) FROM counting_results WHERE camera_id = %s", (CAMERA,)).fetchone()
    until(lambda: newest(cluster, here(cluster, 0)) == at[0], 30)
    yield at[0]
    cluster.rows(
        "WITH gone AS (DELETE FROM counting_results WHERE camera_id = %s RETURNING 1) SELECT count(*) FROM gone", CAMERA
    )


def here(cluster, group, role="reader", **others):
    """Parameters for a node of the region that stands by."""
    node = cluster.topology.group(group, OTHER_REGION)[0]
    return connect.parameters(cluster.inventory, cluster.topology, role) | {
        "host": node.address,
        "port": "5432",
        "target_session_attrs": "any",
        **others,
    }


def at_endpoint(cluster, endpoint, role):
    return endpoints.parameters(cluster.inventory, cluster.topology, role, endpoint, region=OTHER_REGION)


def newest(cluster, parameters):
    query = "SELECT max(timestamp) FROM counting_results WHERE camera_id = %s"
    with psycopg.connect(**parameters, autocommit=True) as conn:
        return conn.execute(query, (CAMERA,)).fetchone()[0]


def test_status_tells_of_every_group_in_both_regions(cluster):
    told = cluster.json("region", "status")
    assert told["healthy"], told["findings"]
    main, other = told["regions"]
    assert (main["open"], other["open"]) == (True, False)
    assert [each["group"] for each in other["groups"]] == cluster.topology.groups()
    assert all(each["streams"] and each["lag_bytes"] is not None for each in other["groups"])
    assert cluster.camgrid("region", "status").returncode == 0
    assert cluster.json("status")["regions"] == told["regions"] or cluster.json("status")["healthy"]


def test_what_is_committed_is_there_soon(cluster, row):
    started = time.monotonic()
    cluster.rows(f"WITH new AS ({INSERT} RETURNING timestamp) SELECT timestamp FROM new")
    until(lambda: newest(cluster, here(cluster, 0)) > row, 10)
    assert time.monotonic() - started < 10


def test_reads_are_answered_while_the_other_region_cannot_be_reached(cluster, row):
    lab, topology = cluster.lab, cluster.topology
    far = [host for host in topology.hosts if topology.regions[host] != OTHER_REGION]
    local = [host for host in topology.hosts if topology.regions[host] == OTHER_REGION]
    try:
        for host in local:
            cut.cut(lab, host, far)
        ways = [here(cluster, group) for group in topology.groups()]
        ways += [here(cluster, 0, port="6432"), at_endpoint(cluster, "read", "reader")]
        ways += [at_endpoint(cluster, "analytics", "reporter")]
        for way in ways:
            assert newest(cluster, way) >= row
    finally:
        for host in local:
            cut.heal(lab, host)


@pytest.mark.parametrize("kind", WRITES)
def test_no_write_gets_through(cluster, row, kind):
    before = cluster.rows("SELECT count(*), sum(count_in) FROM counting_results")
    ways = [here(cluster, group, "admin") for group in cluster.topology.groups()]
    ways += [here(cluster, 0, "writer", port="6432")]
    ways += [at_endpoint(cluster, endpoint, "writer") for endpoint in ("read", "analytics")]
    for way in ways:
        with pytest.raises(psycopg.Error), psycopg.connect(**way, autocommit=True) as conn:
            conn.execute(WRITES[kind])
    assert cluster.rows("SELECT count(*), sum(count_in) FROM counting_results") == before


@pytest.mark.parametrize("endpoint", ["write", "ingest"])
def test_its_endpoints_for_writes_have_nobody_behind_them(cluster, endpoint):
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(**at_endpoint(cluster, endpoint, "writer"))
