"""A database with rows grows worker groups while it is written to and read: nothing is lost, nobody waits for long."""

from __future__ import annotations

import json

import psycopg
import pytest

from camgrid.chaos import verify
from tests.cluster.support import MEASURED
from tests.cluster.test_converge import changes
from tests.cluster.waiting import settle, until
from tests.growth.conftest import CAMERAS, CHECKS, ROWS

# Seconds that no write may take longer than; hosts that boot take this machine's cores from those that serve.
WITHOUT_WRITES_S = 30
SHELL_KEYS = (
    "etcdctl --endpoints=https://{address}:2379 --cacert=/etc/camgrid/pki/ca.crt --cert=/etc/camgrid/pki/node.pem"
    " --key=/etc/camgrid/pki/node.pem get --prefix --keys-only /service/{cluster}/"
)


def test_the_plan_said_that_nothing_is_in_the_way(growth):
    assert growth.plan["possible"], growth.plan
    assert growth.plan["next"] == "horizontal"
    assert any("counting_results" in step and "while it is written to" in step for step in growth.plan["steps"])


def test_it_grows_and_clients_are_served_all_along(growth):
    assert growth.code == 0, growth.said[-4000:]
    assert growth.unserved == []
    worst = {name: round(seconds, 1) for name, seconds in growth.longest.items()}
    MEASURED.append(
        f"read_scaling → horizontal with {growth.before[0]:,} rows under load: {growth.seconds:.0f} s in all; "
        f"longest time without a success: {worst}; errors that clients met: {dict(growth.ledger.errors)}"
    )
    assert max(growth.longest.values()) <= WITHOUT_WRITES_S


def test_nothing_that_was_acknowledged_is_lost_and_no_row_has_changed(growth, cluster):
    assert growth.before[0] == len(CAMERAS) * ROWS
    assert growth.after == growth.before
    with cluster.connect("admin") as conn:
        verdict = verify.compare(growth.ledger.sent, growth.ledger.acknowledged, *verify.stored(conn))
        assert len(growth.ledger.acknowledged) > 100
        assert verdict.true, verdict
        verify.remove(conn)


def test_tables_are_spread_over_all_worker_groups(cluster):
    groups = {group for (group,) in cluster.rows("SELECT DISTINCT groupid FROM pg_dist_placement")}
    assert groups >= set(cluster.topology.groups()) - {0}
    assert cluster.rows("SELECT * FROM camgrid.undistributed_tables()") == []
    # What the copying made on the way goes soon after.
    until(lambda: cluster.value("SELECT count(*) FROM pg_dist_cleanup") == 0)
    shown = cluster.camgrid("phase", "show", "--json")
    assert (shown.returncode, json.loads(shown.stdout)["verified"]) == (0, "horizontal")


def test_tables_check_what_they_checked_before(growth, cluster):
    assert cluster.rows(CHECKS) == growth.checks != []
    assert {"cameras", "counting_results"} <= {table for table, *_ in growth.checks}
    with pytest.raises(psycopg.errors.CheckViolation):
        cluster.rows("INSERT INTO counting_results (camera_id, timestamp, count_in) VALUES (1, now(), -1)")


def test_workers_have_what_the_database_had_before(cluster):
    here = {
        name for (name,) in cluster.rows("SELECT proname FROM pg_proc WHERE pronamespace = 'camgrid'::regnamespace")
    }
    for node in (cluster.leader(group) for group in cluster.topology.groups() if group):
        with cluster.connect_to(node, "admin") as conn:
            query = "SELECT proname FROM pg_proc WHERE pronamespace = 'camgrid'::regnamespace"
            assert {name for (name,) in conn.execute(query)} == here
        # A password that the database had before opens the worker too.
        with cluster.connect_to(node, "reader") as conn:
            assert conn.execute("SELECT count(*) FROM cameras WHERE id = %s", (CAMERAS[0],)).fetchone() == (1,)


def test_the_group_has_its_number_in_etcd_and_nothing_where_it_was(cluster):
    host = next(iter(cluster.topology.etcd.values()))[0]
    command = SHELL_KEYS.format(address=cluster.topology.hosts[host], cluster=cluster.topology.cluster)
    keys = cluster.host(host).check_output(command).split()
    places = {key.removeprefix(f"/service/{cluster.topology.cluster}/").split("/")[0] for key in keys}
    assert places == {str(group) for group in cluster.topology.groups()}


@pytest.mark.long
def test_a_second_run_changes_nothing(cluster):
    settle(cluster)
    run = cluster.playbook("site")
    assert run.returncode == 0, run.stdout[-3000:]
    assert set(changes(run.stdout).values()) == {0}, run.stdout[-3000:]
