"""A group of the region that stands by is made anew: out of the repository, or of the other region without one."""

from __future__ import annotations

import os
import time

import psycopg
import pytest

from camgrid import patroni
from camgrid.topology import MAIN_REGION
from tests.cluster.support import MEASURED
from tests.cluster.test_wal_directory import test_pg_wal_is_where_the_inventory_says as pg_wal_is_in_its_place
from tests.cluster.waiting import until
from tests.region.conftest import OTHER_REGION, settled
from tests.region.test_standing_by import CAMERA, INSERT, at_endpoint, newest

pytestmark = pytest.mark.skipif("CAMGRID_TEST_ALL" not in os.environ, reason="only with ./scripts/test --all")
GROUP = 1
ROWS = "SELECT count(*), sum(hashtext(c::text)) FROM counting_results c"


@pytest.fixture(scope="module", autouse=True)
def backed_up(cluster):
    """The repository has a backup of the group that is copied, older than what is written here."""
    until(lambda: backups(cluster), 300)
    cluster.rows("INSERT INTO cameras (id, name) VALUES (%s, 'copy') ON CONFLICT DO NOTHING RETURNING id", CAMERA)
    cluster.rows(f"{INSERT} RETURNING timestamp")
    yield
    cluster.rows("DELETE FROM counting_results WHERE camera_id = %s RETURNING camera_id", CAMERA)


def backups(cluster):
    told = cluster.json("backup", "list")["groups"]
    return next(each["backups"] for each in told if each["group"] == GROUP)


def made_anew(cluster, *words):
    """Copies the group anew, and returns what Patroni and pgBackRest wrote of it on its host."""
    (node,) = cluster.topology.group(GROUP, OTHER_REGION)
    host = cluster.host(node.host)
    since = host.check_output("date '+%Y-%m-%d %H:%M:%S'")
    began = time.monotonic()
    run = cluster.playbook("region_copy", "-e", f"group={GROUP}", "-e", f"confirm={cluster.topology.cluster}", *words)
    assert run.returncode == 0, run.stdout[-3000:]
    MEASURED.append(f"group {GROUP} of {OTHER_REGION} copied anew {' '.join(words)}: {time.monotonic() - began:.0f} s")
    journal = host.check_output(f"journalctl --unit=patroni --since='{since}' --output=cat --no-pager")
    log = f"/var/log/pgbackrest/{cluster.topology.cluster}-{GROUP}-restore.log"
    restores = host.run(f"find {log} -newermt '{since}' -exec grep -c 'restore command end: completed' {{}} +").stdout
    return journal, restores.strip()


def follows_and_is_equal(cluster):
    settled(cluster, MAIN_REGION)
    cluster.rows(f"{INSERT} RETURNING timestamp")
    at = cluster.value("SELECT max(timestamp) FROM counting_results WHERE camera_id = %s", CAMERA)
    there = at_endpoint(cluster, "read", "reader")
    until(lambda: newest(cluster, there) == at, 30)
    assert read(there, ROWS) == cluster.rows(ROWS)
    pg_wal_is_in_its_place(cluster)


def read(parameters, query):
    with psycopg.connect(**parameters, autocommit=True) as conn:
        return conn.execute(query).fetchall()


def standby(cluster):
    return patroni.config(cluster.inventory, cluster.topology, GROUP, OTHER_REGION)["standby_cluster"]


def test_out_of_the_repository(cluster):
    journal, restores = made_anew(cluster, "-e", "patroni_first_copy=pgbackrest")
    assert "replica has been created using pgbackrest" in journal
    assert "using basebackup" not in journal
    assert restores != ""
    follows_and_is_equal(cluster)
    assert standby(cluster)["create_replica_methods"] == ["pgbackrest", "basebackup"]
    assert standby(cluster)["restore_command"] == "", "it would ask the repository whenever its stream ends"


def test_of_the_other_region_while_the_repository_does_not_answer(cluster):
    repository = cluster.host(cluster.topology.backups()[0])
    repository.check_output("systemctl stop camgrid-pgbackrest")
    try:
        journal, restores = made_anew(cluster, "-e", "patroni_first_copy=pgbackrest")
    finally:
        repository.check_output("systemctl start camgrid-pgbackrest")
    assert "replica has been created using basebackup" in journal
    assert restores == ""
    follows_and_is_equal(cluster)
    assert standby(cluster)["create_replica_methods"] == ["basebackup"]


def lose_touch(cluster):
    """The group stands still there until the open region has dropped WAL that it needs."""
    (node,) = cluster.topology.group(GROUP, OTHER_REGION)
    cluster.host(node.host).check_output("systemctl stop patroni")
    limits = ("max_slot_wal_keep_size", "wal_keep_size")
    with cluster.connect_to(cluster.leader(GROUP), "admin") as conn:
        for limit in limits:
            conn.execute(f"ALTER SYSTEM SET {limit} = '1MB'")
        conn.execute("SELECT pg_reload_conf()")
        try:
            for _ in range(4):
                conn.execute("SELECT pg_logical_emit_message(false, 'test', 'x'), pg_switch_wal()")
            conn.execute("CHECKPOINT")
            until(lambda: slot_of(conn) == "lost", 30)
        finally:
            for limit in limits:
                conn.execute(f"ALTER SYSTEM RESET {limit}")
            conn.execute("SELECT pg_reload_conf()")


def slot_of(conn):
    query = "SELECT wal_status FROM pg_replication_slots WHERE slot_name = %s"
    return conn.execute(query, (OTHER_REGION,)).fetchone()[0]


def test_of_the_other_region_after_it_has_lost_touch(cluster):
    lose_touch(cluster)
    journal, restores = made_anew(cluster)
    assert "replica has been created using basebackup" in journal
    assert restores == ""
    follows_and_is_equal(cluster)
    with cluster.connect_to(cluster.leader(GROUP), "admin") as conn:
        assert slot_of(conn) == "reserved"


@pytest.mark.parametrize(
    ("words", "reason"),
    [(["-e", "group=99", "-e", "confirm=lab"], "names no group"), (["-e", f"group={GROUP}"], "nobody typed")],
)
def test_nothing_is_deleted_without_a_group_or_without_consent(cluster, words, reason):
    run = cluster.playbook("region_copy", *words)
    assert run.returncode != 0
    assert reason in run.stdout
    assert cluster.camgrid("region", "status").returncode == 0
