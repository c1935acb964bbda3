"""Who may log in with a password, and shutting somebody out at once on all nodes.

A lock is set on each group's primary by itself, rather than through Citus, which would set it nowhere while one group
is away. Replicas follow by themselves.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg
from psycopg import sql

from camgrid import connect, patroni
from camgrid.errors import CamgridError
from camgrid.inventory import Inventory
from camgrid.topology import Node, Topology

# Seconds in which a replica is to have replayed that a role is locked, before its sessions are ended all the same.
_REPLAY_S = 5
_LOCKED = "SELECT NOT rolcanlogin FROM pg_roles WHERE rolname = %s"
# Another node, which comes with its certificate, works for whoever asked it, by whatever login: that ends with a lock
# alone.
_END = """
    SELECT count(*) FILTER (WHERE pg_terminate_backend(a.pid)) FROM pg_stat_activity AS a
    JOIN pg_stat_ssl AS s USING (pid)
    WHERE a.usename = %s AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
        AND (%s OR s.client_dn IS NULL)
"""


@dataclass(frozen=True)
class Locked:
    """What came of it on one node. ended: sessions that were ended; complaint: why it could not be done."""

    host: str
    ended: int = 0
    complaint: str = ""


def listed(inventory: Inventory, topology: Topology, roles: Sequence[str]) -> list[dict[str, object]]:
    """role, may_log_in, sessions (of the coordinator's primary) of each database role that is there."""
    query = """
        SELECT r.rolname AS role, r.rolcanlogin AS may_log_in,
            (SELECT count(*) FROM pg_stat_activity AS a WHERE a.usename = r.rolname) AS sessions
        FROM pg_roles AS r WHERE r.rolname = ANY(%s) ORDER BY r.rolname
    """
    with connect.to_cluster(inventory, topology, "admin", autocommit=True) as conn:
        rows = conn.execute(query, (list(roles),)).fetchall()
    return [dict(zip(("role", "may_log_in", "sessions"), row, strict=True)) for row in rows]


def lock(inventory: Inventory, topology: Topology, role: str) -> list[Locked]:
    """Lets a database role log in nowhere and ends its sessions on every node, in both regions."""
    set_ = _on_primaries(inventory, topology, role, "NOLOGIN")
    return [each for each in set_ if each.complaint] + end(inventory, topology, role, locked=True)


def end(inventory: Inventory, topology: Topology, role: str, *, locked: bool = False) -> list[Locked]:
    """Ends the sessions of a database role on every node. locked: whether to wait until the node knows that it is."""
    with ThreadPoolExecutor(max_workers=16) as pool:
        return list(pool.map(lambda node: _end(inventory, topology, node, role, locked=locked), topology.nodes))


def unlock(inventory: Inventory, topology: Topology, role: str) -> list[Locked]:
    """Lets a database role log in again."""
    return _on_primaries(inventory, topology, role, "LOGIN")


def _on_primaries(inventory: Inventory, topology: Topology, role: str, option: str) -> list[Locked]:
    leaders = [member.name for member in patroni.members(inventory, topology) if member.role == "leader"]
    nodes = [node for node in topology.nodes if node.host in leaders]
    missing = [
        Locked(f"group {group}", complaint="no primary answers: its nodes let the role in as before")
        for group in topology.groups()
        if group not in {node.group for node in nodes}
    ]
    change = sql.SQL("ALTER ROLE {} " + option).format(sql.Identifier(role))

    def alter(node: Node) -> Locked:
        try:
            with _connected(inventory, topology, node) as conn:
                conn.execute("SET citus.enable_alter_role_propagation = off")
                conn.execute(change)
        except psycopg.Error as error:
            return Locked(node.host, complaint=str(error).strip())
        return Locked(node.host)

    with ThreadPoolExecutor(max_workers=16) as pool:
        return [*missing, *pool.map(alter, nodes)]


def _end(inventory: Inventory, topology: Topology, node: Node, role: str, *, locked: bool) -> Locked:
    try:
        with _connected(inventory, topology, node) as conn:
            deadline = time.monotonic() + _REPLAY_S
            while locked and not _value(conn, _LOCKED, role) and time.monotonic() < deadline:
                time.sleep(0.1)
            open_ = locked and not _value(conn, _LOCKED, role)
            ended = int(_value(conn, _END, role, locked))
    except psycopg.Error as error:
        return Locked(node.host, complaint=str(error).strip())
    return Locked(node.host, ended, "" if not open_ else "it has not replayed the lock yet, and lets the role in again")


def _value(conn: psycopg.Connection, query: str, role: str, *others: object) -> object:
    row = conn.execute(query, (role, *others)).fetchone()
    if row is None:
        raise CamgridError(f"there is no role {role}", where="pg_roles", hint="camgrid roles list")
    return row[0]


def _connected(inventory: Inventory, topology: Topology, node: Node) -> psycopg.Connection:
    wanted = connect.parameters(inventory, topology, "admin")
    wanted |= {"host": node.address, "port": "5432", "target_session_attrs": "any"}
    return psycopg.connect(**wanted, autocommit=True)
