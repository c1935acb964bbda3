"""How far each replica is behind, which slots hold WAL back, and what of it is wrong: asked of every group's leader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row

from camgrid import connect, patroni, queries
from camgrid.health import LAG_WARNING_BYTES, Finding

# A query may hold replay back for as long as this (max_standby_streaming_delay); more has another cause.
LAG_WARNING_S = 30
# A slot that nobody reads keeps WAL until max_slot_wal_keep_size (8 GB); below this it may just be a restart.
IDLE_SLOT_WARNING_BYTES = 1024**3
# A group whose leader does not answer within this has the rest of the command wait no longer.
_STATEMENT_TIMEOUT = "-c statement_timeout=5000"


@dataclass(frozen=True)
class Limits:
    """From when on a replica is too far behind."""

    seconds: float = LAG_WARNING_S
    size: int = LAG_WARNING_BYTES


@dataclass(frozen=True)
class Replica:
    """A replica as its primary sees it. state: None when it does not stream; lags: bytes, and seconds to replay.

    sync: whether commits wait for it (quorum, sync), could come to (potential) or do not (async).
    """

    region: str
    group: int
    member: str
    primary: str
    state: str | None = None
    sync: str | None = None
    sent_lag_bytes: int | None = None
    flush_lag_bytes: int | None = None
    replay_lag_bytes: int | None = None
    lag_seconds: float | None = None


@dataclass(frozen=True)
class Slot:
    """A slot on a primary. retained_bytes: WAL that is kept for it; safe_wal_size: bytes until it is given up."""

    region: str
    group: int
    primary: str
    slot: str
    kind: str
    active: bool
    wal_status: str | None
    retained_bytes: int
    safe_wal_size: int | None


@dataclass
class View:
    """Replication at one moment; JSON of `camgrid replication --json`."""

    cluster: str
    replicas: list[Replica] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain data, with `healthy` on top."""
        return {"healthy": not self.findings} | asdict(self)


def look(app: Any, limits: Limits) -> View:
    """Asks the leader of every group. One that does not answer becomes a finding, never an exception."""
    view = View(app.topology.cluster)
    groups: dict[tuple[str, int], list[patroni.Member]] = {}
    for member in patroni.members(app.inventory, app.topology):
        groups.setdefault((member.region, member.group), []).append(member)
    with ThreadPoolExecutor(max_workers=16) as pool:
        for part in pool.map(lambda members: _group(app, members, limits), groups.values()):
            view.replicas += part.replicas
            view.slots += part.slots
            view.findings += part.findings
    return view


def _group(app: Any, members: list[patroni.Member], limits: Limits) -> View:
    part = View(app.topology.cluster)
    group = members[0].group
    leader = next((member for member in members if member.leads), None)
    if leader is None:
        hint = "a failover takes up to half a minute; if it stays, are etcd's members up?"
        part.findings.append(Finding("no primary, so nobody streams", f"group {group}", hint))
        return part
    try:
        streams, slots = _ask(app, leader)
    except psycopg.Error as error:
        text = "; ".join(line.strip() for line in str(error).splitlines() if line.strip())
        known = isinstance(error, psycopg.errors.UndefinedFunction)
        hint = "camgrid schema plan" if known else f"on {leader.name}: journalctl --unit=patroni --lines=50"
        part.findings.append(Finding(f"{leader.name} does not tell: {text}", f"group {group}", hint))
        return part
    place = {"region": leader.region, "group": group, "primary": leader.name}
    told = {stream.pop("replica_name"): stream for stream in streams}
    replicas = [member.name for member in members if member is not leader]
    # Whoever else streams holds WAL back too, such as a member that the inventory has no longer.
    replicas += [name for name in told if name not in {_slot_name(member.name) for member in members} | set(replicas)]
    part.replicas = [
        Replica(**place, member=name, **told.get(name, told.get(_slot_name(name), {}))) for name in replicas
    ]
    part.slots = [Slot(**place, **slot) for slot in slots]
    part.findings += [finding for replica in part.replicas for finding in _replica(replica, limits)]
    part.findings += [finding for slot in part.slots for finding in _slot(slot)]
    return part


def _ask(app: Any, leader: patroni.Member) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    wanted = connect.parameters(app.inventory, app.topology, "monitor")
    wanted |= {"host": leader.address, "port": 5432, "target_session_attrs": "any", "options": _STATEMENT_TIMEOUT}
    with psycopg.connect(**wanted, autocommit=True, row_factory=dict_row) as conn:
        streams = conn.execute("""
            SELECT replica_name, state, sync_state AS sync,
                sent_lag_bytes, flush_lag_bytes, replay_lag_bytes, lag_seconds
            FROM camgrid.local_replicas() ORDER BY replica_name
        """).fetchall()
        return streams, conn.execute(queries.text("replication_slots")).fetchall()


def _slot_name(member: str) -> str:
    """The name that Patroni gives to a member's slot: what PostgreSQL allows in one."""
    return re.sub(r"[-.]", "_", member.lower())


def _replica(replica: Replica, limits: Limits) -> Iterator[Finding]:
    where, name = f"group {replica.group}", replica.member
    if replica.state is None:
        step = f"on {name}: is the host up? journalctl --unit=patroni --lines=50"
        yield Finding(f"{name} does not stream from {replica.primary}", where, step)
        return
    if replica.state != "streaming":
        yield Finding(f"{name} catches up ({replica.state})", where, "it does so by itself: look again")
    late = (replica.lag_seconds or 0) > limits.seconds
    if late or (replica.replay_lag_bytes or 0) > limits.size:
        seconds = "" if replica.lag_seconds is None else f"{replica.lag_seconds:.0f} s and "
        if (replica.flush_lag_bytes or 0) * 2 > (replica.replay_lag_bytes or 0):
            step = f"most of it has not reached {name}: is its network or disk slow?"
        else:
            step = f"it has arrived and is not replayed: does a long query on {name} hold replay back, or its disk?"
        yield Finding(f"{name} is {seconds}{replica.replay_lag_bytes or 0:,} bytes behind", where, step)


def _slot(slot: Slot) -> Iterator[Finding]:
    where = f"group {slot.group}, slot {slot.slot} on {slot.primary}"
    if slot.wal_status in ("lost", "unreserved"):
        what = "WAL that its reader needs is gone" if slot.wal_status == "lost" else "its WAL is about to be removed"
        yield Finding(what, where, f"ansible-playbook -i INVENTORY playbooks/reinit_member.yml -e member={slot.slot}")
    elif not slot.active and slot.retained_bytes > IDLE_SLOT_WARNING_BYTES:
        what = f"nobody reads it, and it keeps {slot.retained_bytes:,} bytes of WAL"
        step = f"bring its reader back, or give it up: SELECT pg_drop_replication_slot('{slot.slot}')"
        yield Finding(what, where, step)
