"""What is true of a cluster now, and what of it is wrong, each with the next command to type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from camgrid import alerts, certificates, patroni
from camgrid.backup import check
from camgrid.backup.standing import Standing
from camgrid.errors import CamgridError
from camgrid.finding import Finding
from camgrid.rebalance import causes
from camgrid.rebalance import job as rebalances
from camgrid.region import state as regions

# A replica that is this far behind would lose that much if it had to take over.
LAG_WARNING_BYTES = 16 * 1024 * 1024

# The application, and the members as Patroni told of them already; None for a cluster without backups.
Backups = Callable[[Any, list[patroni.Member]], Standing | None]

# What to type when a job has failed.
_JOB_STEPS = {
    "camgrid-ensure-partitions": "camgrid partitions ensure",
    "camgrid-age-partitions": "mend the cause, then camgrid partitions archive; it runs again at night",
    "camgrid-check-scaling": "SELECT camgrid.check_scaling_triggers() says why; until then no alert is raised",
}


@dataclass
class Snapshot:
    """The cluster at one moment; JSON of `camgrid status --json`."""

    cluster: str
    phase: str
    members: list[patroni.Member] = field(default_factory=list)
    database: dict[str, Any] = field(default_factory=dict)
    backups: Standing | None = None
    regions: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain data, with `healthy` on top."""
        backups = self.backups.as_json() if self.backups else {}
        return {"healthy": not self.findings} | asdict(self) | {"backups": backups}


def look(app: Any, backups: Backups = check.look) -> Snapshot:
    """Asks Patroni, the database and the repository of backups. One that does not answer is a finding.

    backups: who tells how they stand; without another it is the repository's host, which takes SSH to it.
    """
    topology = app.topology
    snapshot = Snapshot(topology.cluster, topology.phase)
    snapshot.members = patroni.members(app.inventory, topology)
    snapshot.findings += member_findings(snapshot.members)
    region_findings: list[Finding] = []
    if len(topology.region_names) > 1:
        seen = regions.look(app)
        snapshot.regions, region_findings = seen.as_json()["regions"], seen.findings
    try:
        with app.connect("monitor", row_factory=dict_row, autocommit=True) as conn:
            snapshot.database = _database(conn)
        # A database of one host has no pool, and says so as if one were missing.
        told = snapshot.database["pools"] if topology.pooled else []
        snapshot.database["pools"] = [pool | {"host": host_of(pool, snapshot, topology)} for pool in told]
    except CamgridError as error:
        snapshot.findings.append(Finding(error.what, error.where, error.hint))
    except psycopg.Error as error:
        snapshot.findings.append(Finding(str(error).strip(), "coordinator", "camgrid schema plan"))
    else:
        snapshot.findings += _partitions(snapshot.database)
        snapshot.findings += _jobs(snapshot.database)
        snapshot.findings += _rollups(snapshot.database["rollups"])
        snapshot.findings += _pools(snapshot)
        snapshot.findings += alerts.findings(snapshot.database["alerts"])
        snapshot.findings += _nodes(snapshot, topology)
        snapshot.findings += snapshot.database.pop("rebalance")
    snapshot.findings += region_findings
    snapshot.findings += certificates.findings(app.inventory, topology)
    snapshot.backups = backups(app, snapshot.members)
    snapshot.findings += snapshot.backups.findings if snapshot.backups else ()
    return snapshot


def member_findings(members: list[patroni.Member]) -> list[Finding]:
    """What is wrong with members: not serving, far behind, waiting for a restart, a group without a primary."""
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
    for group in sorted({member.group for member in members}):
        if not any(member.role == "leader" and member.healthy for member in members if member.group == group):
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
    facts["rollups"] = rows("SELECT * FROM camgrid.rollup_health()")[0]
    facts["jobs"] = rows("SELECT * FROM camgrid.job_health() ORDER BY job_name")
    facts["partitions_until"] = rows("""
        SELECT t AS table_name, (SELECT max(end_date) FROM camgrid.list_partitions(t)) AS until
        FROM camgrid.partitioned_tables() AS t ORDER BY t
    """)
    facts["months_missing"] = rows("SELECT table_name, start_date FROM camgrid.months_missing()")
    nodes = "SELECT nodename, groupid, noderole::text AS role FROM pg_dist_node ORDER BY groupid, nodename"
    facts["nodes"] = rows(nodes) if facts["citus"] else []
    facts["moving"], facts["rebalance"] = _rebalance(conn) if facts["citus"] else (None, [])
    facts["pools"] = rows("SELECT * FROM camgrid.monitor_connection_pools()")
    facts["load"] = rows("SELECT * FROM camgrid.get_scaling_metrics()")
    facts["alerts"] = [asdict(alert) for alert in alerts.listed(conn)]
    return facts


def _rebalance(conn: psycopg.Connection) -> tuple[str | None, list[Finding]]:
    """A rebalance under way, and what Citus does not say by itself: that moves fail and are tried again, or that
    someone holds them back."""
    job = rebalances.last(conn)
    if job is None or job.ended:
        return None, []
    held = [Finding("is paused", f"rebalance, job {job.id}", "camgrid rebalance resume, or stop")] if job.held else []
    return job.summary, [*held, *causes.retried(job)]


def _partitions(database: dict[str, Any]) -> list[Finding]:
    enough = (datetime.now(UTC) + timedelta(days=32)).date()
    found = [
        Finding(f"partitions reach only to {entry['until']}", entry["table_name"], "camgrid partitions ensure")
        for entry in database["partitions_until"]
        if entry["until"] is None or entry["until"] < enough
    ]
    # Last month, this one and the next: those further ahead are the hourly job's.
    return found + [
        Finding(f"the month {entry['start_date']:%Y-%m} is missing", entry["table_name"], "camgrid partitions ensure")
        for entry in database["months_missing"]
        if entry["start_date"] < enough
    ]


def _jobs(database: dict[str, Any]) -> list[Finding]:
    found = []
    for job in database["jobs"]:
        if not job["active"]:
            found.append(
                Finding("the job is switched off", job["job_name"], "SELECT cron.alter_job(…, active := true)")
            )
        elif job["last_status"] == "failed":
            step = _JOB_STEPS.get(job["job_name"], "mend the cause; it runs again")
            found.append(Finding(f"failed: {job['last_message']}", job["job_name"], step))
    if not database["jobs"]:
        found.append(Finding("no job makes partitions ahead", "pg_cron", "camgrid schema plan"))
    return found


def _rollups(rollups: dict[str, Any]) -> list[Finding]:
    """Whether the sums that reports read are as old as they look. A long way back over earlier results is no fault."""
    where, step = "counts_hourly, counts_daily, camera_latest", "CALL camgrid.refresh_rollups() says why"
    if rollups["state"] == "stopped":
        since = f"since {rollups['refreshed_at']:%Y-%m-%d %H:%M:%S} UTC" if rollups["refreshed_at"] else "ever"
        return [Finding(f"the rollups were not brought up to date {since}", where, step)]
    if rollups["state"] == "behind" and rollups["complete_since"] is None:
        return [Finding(f"{rollups['pending']:,} changes wait for the rollups, the oldest for minutes", where, step)]
    return []


def _pools(snapshot: Snapshot) -> list[Finding]:
    """Pools that do not answer on hosts that run: applications are not let in there."""
    serving = {member.name for member in snapshot.members if member.healthy}
    return [
        Finding(
            f"its pool does not answer: {pool['reason']}",
            pool["host"],
            f"on {pool['host']}: systemctl status pgbouncer",
        )
        for pool in snapshot.database["pools"]
        if pool["reason"] and pool["host"] in serving
    ]


def host_of(pool: dict[str, Any], snapshot: Snapshot, topology: Any) -> str:
    """The host of a pool, whose name begins with its region-neutral name, or its address; that name where none is."""
    name = pool["pool_name"].partition("/")[0]
    region = next((each["region"] for each in snapshot.regions if each["open"]), topology.region_names[0])
    address = topology.names(region).get(name, name)
    return next((node.host for node in topology.nodes if node.address == address), name)


def _nodes(snapshot: Snapshot, topology: Any) -> list[Finding]:
    """Whether Citus knows every primary by the name that leads now."""
    if not topology.sharded:
        return []
    names = {node.host: node.name for node in topology.nodes}
    known = {entry["nodename"] for entry in snapshot.database["nodes"] if entry["role"] == "primary"}
    found = [
        Finding(f"Citus does not know {member.name} as primary", "pg_dist_node", "Patroni mends it within a minute")
        for member in snapshot.members
        if member.role == "leader" and names[member.name] not in known
    ]
    if snapshot.database["prepared_left"]:
        text = f"{snapshot.database['prepared_left']} prepared transaction(s) older than five minutes"
        found.append(Finding(text, "coordinator", "SELECT recover_prepared_transactions()"))
    return found
