"""What is true of a cluster now, and what of it is wrong, each with the next command to type."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from cryptography import x509
from psycopg.rows import dict_row

from camgrid import patroni, pki
from camgrid.errors import CamgridError
from camgrid.topology import MAIN_REGION

CERTIFICATE_WARNING = timedelta(days=30)
# A replica that is this far behind would lose that much if it had to take over.
LAG_WARNING_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Finding:
    """Something that is wrong. what: one sentence; where: host, group or object; next: what to do."""

    what: str
    where: str
    next: str


@dataclass
class Snapshot:
    """The cluster at one moment; JSON of `camgrid status --json`."""

    cluster: str
    phase: str
    members: list[patroni.Member] = field(default_factory=list)
    database: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain data, with `healthy` on top."""
        return {"healthy": not self.findings} | asdict(self)


def look(app: Any) -> Snapshot:
    """Asks Patroni and the database. A part that does not answer becomes a finding, never an exception."""
    topology = app.topology
    snapshot = Snapshot(topology.cluster, topology.phase)
    snapshot.members = patroni.members(app.inventory, topology)
    snapshot.findings += _members(snapshot.members)
    try:
        with app.connect("monitor", row_factory=dict_row, autocommit=True) as conn:
            snapshot.database = _database(conn)
    except CamgridError as error:
        snapshot.findings.append(Finding(error.what, error.where, error.hint))
    except psycopg.Error as error:
        snapshot.findings.append(Finding(str(error).strip(), "coordinator", "camgrid schema plan"))
    else:
        snapshot.findings += _partitions(snapshot.database)
        snapshot.findings += _jobs(snapshot.database)
        snapshot.findings += _nodes(snapshot, topology)
    snapshot.findings += _certificates(app)
    return snapshot


def _members(members: list[patroni.Member]) -> list[Finding]:
    found = []
    for member in members:
        if not member.healthy:
            step = f"on {member.name}: journalctl --unit=patroni --lines=50"
            if member.state == "start failed" and member.role != "leader":
                step += (
                    f"; where its data is beyond repair: ansible-playbook -i INVENTORY playbooks/reinit_member.yml"
                    f" -e member={member.name}"
                )
            found.append(Finding(f"{member.name} {member.trouble}", f"group {member.group}", step))
        if (member.lag or 0) > LAG_WARNING_BYTES:
            text = f"{member.name} is {member.lag:,} bytes behind"
            found.append(Finding(text, f"group {member.group}", "is its disk or network slow? It catches up by itself"))
        if member.pending_restart:
            step = "ansible-playbook -i INVENTORY playbooks/apply_restarts.yml restarts it, replicas first"
            found.append(Finding(f"{member.name} waits for a restart", f"group {member.group}", step))
    for region, group in sorted({(member.region, member.group) for member in members}):
        mine = [member for member in members if (member.region, member.group) == (region, group)]
        if not any(member.role == "leader" and member.healthy for member in mine) and region == MAIN_REGION:
            step = "a failover takes up to half a minute; if it stays, are etcd's members up?"
            found.append(Finding("no primary", f"group {group}", step))
    return found


def _database(conn: psycopg.Connection) -> dict[str, Any]:
    def rows(query: str) -> list[dict[str, Any]]:
        return conn.execute(query).fetchall()

    facts = rows("""
        SELECT current_setting('server_version') AS postgresql,
            (SELECT extversion FROM pg_extension WHERE extname = 'citus') AS citus,
            (SELECT count(*) FROM pg_prepared_xacts WHERE prepared < now() - interval '5 minutes') AS prepared_left
    """)[0]
    # Not in one statement with a table of ours: Citus would plan the system's views too, which asks for pg_authid.
    facts |= rows("SELECT count(*) AS cameras FROM camgrid.cameras")[0]
    facts["tables"] = rows("SELECT * FROM camgrid.storage() ORDER BY table_name, host")
    facts["jobs"] = rows("SELECT * FROM camgrid.job_health() ORDER BY job_name")
    facts["partitions_until"] = rows("""
        SELECT t AS table_name, (SELECT max(end_date) FROM camgrid.list_partitions(t)) AS until
        FROM camgrid.partitioned_tables() AS t ORDER BY t
    """)
    nodes = "SELECT nodename, groupid, noderole::text AS role FROM pg_dist_node ORDER BY groupid, nodename"
    facts["nodes"] = rows(nodes) if facts["citus"] else []
    return facts


def _partitions(database: dict[str, Any]) -> list[Finding]:
    enough = (datetime.now(UTC) + timedelta(days=32)).date()
    return [
        Finding(f"partitions reach only to {entry['until']}", entry["table_name"], "SELECT camgrid.ensure_partitions()")
        for entry in database["partitions_until"]
        if entry["until"] is None or entry["until"] < enough
    ]


def _jobs(database: dict[str, Any]) -> list[Finding]:
    found = []
    for job in database["jobs"]:
        if not job["active"]:
            found.append(
                Finding("the job is switched off", job["job_name"], "SELECT cron.alter_job(…, active := true)")
            )
        elif job["last_status"] == "failed":
            found.append(Finding(f"failed: {job['last_message']}", job["job_name"], "mend the cause; it runs again"))
    if not database["jobs"]:
        found.append(Finding("no job makes partitions ahead", "pg_cron", "camgrid schema plan"))
    return found


def _nodes(snapshot: Snapshot, topology: Any) -> list[Finding]:
    """Whether Citus knows every primary by the name that leads now."""
    if not topology.sharded:
        return []
    names = {node.host: node.name for node in topology.nodes}
    known = {entry["nodename"] for entry in snapshot.database["nodes"] if entry["role"] == "primary"}
    found = [
        Finding(f"Citus does not know {member.name} as primary", "pg_dist_node", "Patroni mends it within a minute")
        for member in snapshot.members
        if member.role == "leader" and member.region == MAIN_REGION and names[member.name] not in known
    ]
    if snapshot.database["prepared_left"]:
        text = f"{snapshot.database['prepared_left']} prepared transaction(s) older than five minutes"
        found.append(Finding(text, "coordinator", "SELECT recover_prepared_transactions()"))
    return found


def _certificates(app: Any) -> list[Finding]:
    found = []
    for path in sorted(pki.directory(app.inventory).glob("*.pem")):
        left = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc - datetime.now(UTC)
        if left < CERTIFICATE_WARNING:
            text = f"the certificate of {path.stem} ends in {left.days} days"
            found.append(Finding(text, str(path), "ansible-playbook -i INVENTORY playbooks/site.yml renews it"))
    return found
