"""Each role can do its own work and nothing else, straight at PostgreSQL and through the pools."""

from __future__ import annotations

import psycopg
import pytest

from camgrid import endpoints
from camgrid.connect import ROLES
from camgrid.secrets import PASSWORD_ROLES

pytestmark = pytest.mark.once

REFUSED = {
    "reader": [
        'INSERT INTO counting_results (camera_id, "timestamp") VALUES (1, now())',
        "INSERT INTO cameras (id, name) VALUES (999999, 'x')",
        "UPDATE counting_results SET count_in = 0 WHERE camera_id = 1",
        "DELETE FROM camera_events WHERE camera_id = 1",
        "TRUNCATE cameras",
        "CREATE TABLE camgrid.mine (id int)",
    ],
    "reporter": [
        "SELECT data FROM camera_events LIMIT 1",
        "SELECT count(*) FROM camera_events",
        'INSERT INTO counting_results (camera_id, "timestamp") VALUES (1, now())',
    ],
    "monitor": ["SELECT count(*) FROM counting_results", "SELECT count(*) FROM counts_hourly"],
    "writer": [
        "SELECT count(*) FROM counts_hourly",
        "SELECT count(*) FROM counts_daily",
        "DELETE FROM counting_results WHERE camera_id = 1",
        "TRUNCATE camera_events",
        "DROP TABLE cameras",
    ],
}
# Of nobody who logs in with a password.
SUPERUSERS_OWN = [
    "SELECT rolpassword FROM pg_authid LIMIT 1",
    "SELECT * FROM camgrid.pool_login('camgrid_writer')",
    "SELECT * FROM dblink.dblink('dbname=camgrid', 'SELECT 1') AS t (one int)",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SELECT pg_read_file('/etc/passwd')",
    "SET ROLE camgrid_owner",
    "SET SESSION AUTHORIZATION postgres",
    "ALTER ROLE camgrid_reader SUPERUSER",
    "GRANT camgrid_owner TO camgrid_reader",
    "SET pgaudit.log = 'none'",
    "CREATE TABLE public.mine (id int)",
]


def refused(connection: psycopg.Connection, statement: str) -> bool:
    try:
        connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False


@pytest.mark.parametrize("role", PASSWORD_ROLES)
def test_what_a_role_has_no_business_with_is_refused(cluster, role):
    statements = [*REFUSED[role], *SUPERUSERS_OWN]
    with cluster.connect(role, autocommit=False) as conn:
        allowed = []
        for statement in statements:
            if not refused(conn, statement):
                allowed.append(statement)
            conn.rollback()
    assert allowed == []


@pytest.mark.parametrize("role", PASSWORD_ROLES)
def test_no_pool_has_a_superuser_or_a_way_to_become_one(cluster, role):
    wanted = endpoints.parameters(cluster.inventory, cluster.topology, role, "write")
    with psycopg.connect(**wanted, autocommit=True) as conn:
        query = """
            SELECT current_user, current_setting('is_superuser'),
                array(SELECT rolname FROM pg_roles WHERE rolname <> current_user
                      AND pg_has_role(current_user, oid, 'MEMBER') ORDER BY rolname)
        """
        user, superuser, member_of = conn.execute(query).fetchone()
    assert (user, superuser) == (ROLES[role], "off")
    monitoring = ["pg_monitor", "pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables"]
    assert member_of == (monitoring if role == "monitor" else [])


def test_a_payload_is_the_reporters_once_it_is_granted(cluster):
    query = "SELECT data FROM camera_events LIMIT 1"
    with cluster.connect("admin") as conn:
        conn.execute("GRANT SELECT (data) ON camera_events TO camgrid_reporter")
        try:
            cluster.rows(query, role="reporter")
        finally:
            conn.execute("REVOKE SELECT (data) ON camera_events FROM camgrid_reporter")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        cluster.rows(query, role="reporter")


def test_there_is_one_superuser_and_it_has_no_password(node, cluster):
    this = cluster.topology.node(node.check_output("hostname"))
    with cluster.connect_to(this, "admin") as conn:
        found = conn.execute("SELECT rolname, rolpassword FROM pg_authid WHERE rolsuper").fetchall()
        assert found == [("postgres", None)]
        # Whoever has a password has it hashed as SCRAM does.
        others = "SELECT rolname FROM pg_authid WHERE rolpassword NOT LIKE 'SCRAM-SHA-256$%'"
        assert conn.execute(others).fetchall() == []
