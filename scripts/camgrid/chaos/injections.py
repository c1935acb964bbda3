"""How each fault is done and undone. What is done is undone however the `with` block ends, Ctrl-C included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from camgrid.chaos.ground import Ground
from camgrid.lab import cut, host
from camgrid.topology import Node


@dataclass
class Target:
    """What a fault of one run is aimed at: a group and who leads it, looked up when the run starts."""

    ground: Ground
    group: int
    leader: Node


Injection = Callable[[Target], AbstractContextManager[None]]


@contextmanager
def postgres_killed(target: Target) -> Iterator[None]:
    """Patroni starts it again, or lets another lead."""
    target.ground.shell(
        target.leader.host, f"kill -KILL $(head --lines=1 {target.ground.data_directory()}/postmaster.pid)"
    )
    yield


@contextmanager
def patroni_killed(target: Target) -> Iterator[None]:
    """systemd starts it again; PostgreSQL runs on meanwhile."""
    target.ground.shell(target.leader.host, "systemctl kill --kill-whom=main --signal=KILL patroni")
    yield


@contextmanager
def pool_restarted(target: Target) -> Iterator[None]:
    """All clients of the leader's pool lose their connection."""
    target.ground.shell(target.leader.host, "systemctl restart pgbouncer")
    yield


@contextmanager
def switchover(target: Target) -> Iterator[None]:
    """Patroni chooses the next leader."""
    target.ground.switchover(target.leader)
    yield


@contextmanager
def leader_host_lost(target: Target) -> Iterator[None]:
    """The power of the leader's host fails."""
    with _lost(target.ground, target.leader.host):
        yield


@contextmanager
def replica_host_lost(target: Target) -> Iterator[None]:
    """The power of the host fails that commits have been waiting for."""
    with _lost(target.ground, target.ground.replica(target.group, target.leader).host):
        yield


@contextmanager
def proxy_host_lost(target: Target) -> Iterator[None]:
    """The first proxy: the one that libpq's clients are all connected through."""
    with _lost(target.ground, target.ground.topology.roles["proxy"][0]):
        yield


@contextmanager
def _lost(ground: Ground, name: str) -> Iterator[None]:
    try:
        ground.kill(name)
        yield
    finally:
        ground.start(name)


@contextmanager
def leader_host_frozen(target: Target) -> Iterator[None]:
    """Its kernel still acknowledges packets, so nobody's connection to it breaks."""
    try:
        host.freeze(target.ground.lab, target.leader.host)
        yield
    finally:
        host.thaw(target.ground.lab, target.leader.host)


@contextmanager
def leader_cut_off(target: Target, direction: cut.Direction = "both") -> Iterator[None]:
    """From all other hosts of the lab; this machine, where the clients are, still reaches it."""
    try:
        cut.cut(target.ground.lab, target.leader.host, direction=direction)
        yield
    finally:
        cut.heal(target.ground.lab, target.leader.host)


@contextmanager
def etcd_member_lost(target: Target) -> Iterator[None]:
    """One that does not lead."""
    with _etcd_stopped(target.ground, target.ground.etcd()[1][:1]):
        yield


@contextmanager
def etcd_leader_lost(target: Target) -> Iterator[None]:
    """The other members elect another."""
    with _etcd_stopped(target.ground, [target.ground.etcd()[0]]):
        yield


@contextmanager
def etcd_quorum_lost(target: Target) -> Iterator[None]:
    """The leader and one more of three; in general as many as leave no majority."""
    leader, others = target.ground.etcd()
    members = len(others) + 1
    with _etcd_stopped(target.ground, [leader, *others][: (members + 1) // 2]):
        yield


@contextmanager
def _etcd_stopped(ground: Ground, names: list[str]) -> Iterator[None]:
    # systemd would start a killed one again; stopping it when it has gone says that it is to stay away.
    kill = "systemctl kill --signal=KILL etcd && systemctl stop etcd"
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda name: ground.shell(name, kill), names))
        yield
    finally:
        # A member's start returns when it has a quorum: the first one alone would wait for ever.
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda name: ground.shell(name, "systemctl start etcd"), names))


@contextmanager
def two_lost(target: Target) -> Iterator[None]:
    """The leader's host, and with it etcd's leader, or a proxy where that would be the end of etcd's quorum."""
    ground = target.ground
    etcd_leader, others = ground.etcd()
    with ExitStack() as both:
        if target.leader.host in (etcd_leader, *others):
            both.enter_context(proxy_host_lost(target))
        else:
            both.enter_context(_etcd_stopped(ground, [etcd_leader]))
        both.enter_context(_lost(ground, target.leader.host))
        yield
