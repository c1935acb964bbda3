"""What an operator does to tables and roles is in the journal; passwords and ordinary queries are not."""

from __future__ import annotations

import secrets as random
import time
from collections.abc import Iterator

import pytest
from psycopg import sql

from camgrid.schema import run
from camgrid.secrets import logins, passwords
from tests.cluster.waiting import until

pytestmark = pytest.mark.once

TABLE = "camgrid.audited_by_a_test"
ROLE = "audited_by_a_test"


@pytest.fixture
def journal(cluster) -> Iterator:
    """journal(host): what PostgreSQL of a host has written since the test began."""
    since = int(time.time())

    def read(host: str) -> str:
        return cluster.host(host).check_output(f"journalctl --unit=patroni --since=@{since} --output=cat --no-pager")

    yield read
    with cluster.connect("admin") as conn:
        conn.execute(f"DROP TABLE IF EXISTS {TABLE}")
        conn.execute(f"DROP ROLE IF EXISTS {ROLE}")


def audited(text: str) -> list[str]:
    return [line for line in text.splitlines() if "AUDIT: " in line]


def test_a_table_that_an_operator_makes_is_logged_with_who_made_it(cluster, journal):
    with cluster.connect("admin", application_name="audit-test") as conn:
        conn.execute(f"CREATE TABLE {TABLE} (id int)")
    host = cluster.leader(0).host
    (line,) = until(lambda: [each for each in audited(journal(host)) if "CREATE TABLE" in each and TABLE in each])
    assert ",DDL,CREATE TABLE," in line
    assert f"[user=postgres,db=camgrid,app=audit-test,client={cluster.lab.subnet[1]}]" in line


def test_a_role_and_its_rights_are_logged(cluster, journal):
    with cluster.connect("admin") as conn:
        conn.execute(f"CREATE ROLE {ROLE}")
        conn.execute(f"GRANT camgrid_reader TO {ROLE}")
        conn.execute(f"ALTER ROLE {ROLE} SET work_mem = '5MB'")
    host = cluster.leader(0).host
    wanted = (",ROLE,CREATE ROLE,", ",ROLE,GRANT ROLE,", f",ROLE,ALTER ROLE,,,ALTER ROLE {ROLE} SET work_mem")
    until(lambda: all(any(word in line for line in audited(journal(host))) for word in wanted))


def test_a_password_that_an_operator_types_is_in_no_journal(cluster, journal):
    """Typed in the clear, which camgrid itself never does; Citus takes the statement to all nodes."""
    password = random.token_urlsafe(16)
    with cluster.connect("admin") as conn:
        conn.execute(f"CREATE ROLE {ROLE}")
        conn.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(ROLE), sql.Literal(password)))
        verifier = cluster.value("SELECT rolpassword FROM pg_authid WHERE rolname = %s", ROLE)
    until(lambda: any("ALTER ROLE" in line for line in audited(journal(cluster.leader(0).host))))
    for node in cluster.topology.nodes:
        said = journal(node.host)
        assert password not in said
        assert verifier.split("$")[2] not in said


def test_what_camgrid_sets_a_password_with_is_in_no_statistics(cluster):
    """Whoever may monitor reads the statements of all; a verifier would be enough to guess against, far from here."""
    with cluster.connect("admin", autocommit=False) as conn:
        login = logins(cluster.inventory)["monitor"]
        run.set_password(login, passwords(cluster.inventory)["monitor"])(conn)
    verifier = cluster.value("SELECT rolpassword FROM pg_authid WHERE rolname = %s", login)
    for group in cluster.topology.groups():
        with cluster.connect_to(cluster.leader(group), "monitor") as conn:
            seen = "SELECT count(*) FROM pg_stat_statements WHERE strpos(query, %s) > 0"
            assert conn.execute(seen, (verifier,)).fetchone() == (0,)
            assert conn.execute(seen, ("SCRAM-SHA-256$",)).fetchone() == (0,)


def test_ordinary_queries_are_not_logged(cluster, journal):
    mark = f"unaudited_{random.token_hex(4)}"
    with cluster.connect("reader") as conn:
        conn.execute(f"SELECT count(*) AS {mark} FROM counting_results WHERE camera_id = 1")
    with cluster.connect("writer") as conn, conn.transaction(force_rollback=True):
        conn.execute(f"INSERT INTO counting_results (camera_id, timestamp) SELECT 1, now() /* {mark} */")
    time.sleep(1)
    for node in cluster.topology.nodes:
        assert mark not in journal(node.host), node.host
