"""What tests of alerts break; each is undone however its `with` block ends."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from psycopg import Connection

from camgrid import endpoints, patroni
from camgrid.chaos.ground import Ground
from camgrid.cli.app import App
from camgrid.topology import POOL_PORT, Node
from tests.cluster.support import Cluster


@contextmanager
def done(cluster: Cluster, host: str, do: str, undo: str) -> Iterator[None]:
    """A command on a host, undone afterwards."""
    try:
        cluster.host(host).check_output(do)
        yield
    finally:
        cluster.host(host).check_output(undo)


def stopped(cluster: Cluster, host: str, unit: str) -> AbstractContextManager[None]:
    """A unit that does not run."""
    return done(cluster, host, f"systemctl stop {unit}", f"systemctl start {unit}")


def frozen(cluster: Cluster, host: str, unit: str) -> AbstractContextManager[None]:
    """A unit that runs and does nothing."""
    stop, go = (f"systemctl kill --kill-whom=main --signal={signal} {unit}" for signal in ("STOP", "CONT"))
    return done(cluster, host, stop, go)


def replay_frozen(cluster: Cluster, host: str) -> AbstractContextManager[None]:
    """A replica that takes WAL and replays none: a pause that is asked for is ended by Patroni at its next look."""
    stop, go = (f"pkill --signal {signal} --full 'postgres: .*[s]tartup '" for signal in ("STOP", "CONT"))
    return done(cluster, host, stop, go)


@contextmanager
def all_stopped(cluster: Cluster, hosts: list[str], unit: str) -> Iterator[None]:
    """A unit that runs on none of these hosts."""
    with ExitStack() as stack:
        for host in hosts:
            stack.enter_context(stopped(cluster, host, unit))
        yield


@contextmanager
def killed(cluster: Cluster, host: str) -> Iterator[None]:
    """A host without power."""
    ground = Ground(App(str(cluster.path)))
    try:
        ground.kill(host)
        yield
    finally:
        ground.start(host)


def unreached(cluster: Cluster, host: str) -> AbstractContextManager[None]:
    """A host that reaches no PostgreSQL but its own."""
    rules = "add table ip alarm; add chain ip alarm out { type filter hook output priority 0; }; add rule ip alarm out"
    reject = f"{rules} oifname != lo tcp dport 5432 reject with tcp reset"
    return done(cluster, host, f"nft '{reject}'", "nft delete table ip alarm")


def filling(cluster: Cluster, host: str, where: str, first: int, growth: int = 0) -> AbstractContextManager[None]:
    """A file system of 16 MiB with a file that has these bytes at first, and grows by so many a second."""
    grow = f"while sleep 1; do head -c {growth} /dev/zero >>{where}/x; done"
    unit = f"camgrid-fill{where.replace('/', '-')}"
    do = f"mkdir -p {where} && mount -t tmpfs -o size=16m x {where} && head -c {first} /dev/zero >{where}/x"
    do += f" && systemd-run --quiet --collect --unit={unit} sh -c '{grow}'" if growth else ""
    return done(cluster, host, do, f"systemctl stop {unit} 2>/dev/null; umount {where} && rmdir {where}")


def psql(cluster: Cluster, node: Node, do: list[str], undo: list[str]) -> AbstractContextManager[None]:
    """Statements on a node, each its own transaction, and those that undo them."""
    psql = "runuser -u postgres -- psql -qXv ON_ERROR_STOP=1 camgrid"
    commands = (psql + "".join(f" -c {shlex.quote(statement)}" for statement in each) for each in (do, undo))
    return done(cluster, node.host, *commands)


@contextmanager
def prepared(cluster: Cluster, node: Node) -> Iterator[None]:
    """A transaction that nobody ends. Not one of Citus's names, which it would end itself."""
    with cluster.connect_to(node, "admin") as conn:
        conn.execute("BEGIN; SELECT pg_current_xact_id(); PREPARE TRANSACTION 'camgrid test'")
        try:
            yield
        finally:
            conn.execute("ROLLBACK PREPARED 'camgrid test'")


@contextmanager
def locked(cluster: Cluster, table: str) -> Iterator[None]:
    """A table of the coordinator's that nobody may read."""
    with cluster.connect("admin", autocommit=False) as conn:
        conn.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield
        conn.rollback()


@contextmanager
def shared(cluster: Cluster, group: int, wanted: dict[str, Any], before: dict[str, Any]) -> Iterator[None]:
    """A setting that a group's members share, and what it was before."""
    patroni.change_config(cluster.inventory, cluster.topology, wanted, group)
    try:
        yield
    finally:
        patroni.change_config(cluster.inventory, cluster.topology, before, group)


def restart_needed(cluster: Cluster, group: int) -> AbstractContextManager[None]:
    """A setting of a group that counts after a restart alone."""
    now = patroni.config(cluster.inventory, cluster.topology, group)["postgresql"]["parameters"]["max_wal_senders"]
    wanted, before = ({"postgresql": {"parameters": {"max_wal_senders": value}}} for value in (int(now) + 1, now))
    return shared(cluster, group, wanted, before)


@contextmanager
def crowded(cluster: Cluster, node: Node, role: str, clients: int) -> Iterator[None]:
    """Clients of a node's pool that all want a connection for long."""
    wanted = endpoints.parameters(cluster.inventory, cluster.topology, role, "read")
    wanted |= {"host": node.address, "port": POOL_PORT, "autocommit": True}
    found: list[Connection] = []
    try:
        for _ in range(clients):
            found.append(Connection.connect(**wanted))
            found[-1].pgconn.send_query(b"SELECT pg_sleep(600)")
        yield
    finally:
        for conn in found:
            conn.pgconn.finish()


def job(cluster: Cluster, name: str) -> AbstractContextManager[None]:
    """A job of the database that is switched off."""
    switch = "SELECT cron.alter_job(jobid, active := {}) FROM cron.job WHERE jobname = '{}'"
    return psql(cluster, cluster.leader(0), [switch.format("false", name)], [switch.format("true", name)])
