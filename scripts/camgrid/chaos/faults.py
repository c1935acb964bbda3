"""The faults: what each does, for how long, and how many seconds without writes are promised at most."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

from camgrid.chaos import disk, injections, moving
from camgrid.chaos.injections import Injection

# What the design promises; where the answer to a fault is that another leads, it is that of a lost host.
_POSTGRES_S, _TAKEOVER_S, _SWITCHOVER_S = 5, 25, 4
# Longer than a leader's lease (20 s), so that another has taken over before the first comes back.
_PAST_LEASE_S = 30
# Seconds after which everybody has noticed a fault, and the load must not be taken for undisturbed any more.
_NOTICED_S = 5


@dataclass(frozen=True)
class Fault:
    """Something that can be broken.

    scope: "group" for what is tried on every group, "service" for what all groups share; hold_s: seconds for which
    it lasts; until_writes: it lasts until all clients are served again, hold_s at least and LONGEST_S at most;
    limit_s: seconds without writes that are promised; prepare: what is done before the load starts; sharded: it is
    about shards that move.
    """

    name: str
    says: str
    scope: Literal["group", "service"]
    inject: Injection
    hold_s: float = _NOTICED_S
    until_writes: bool = False
    limit_s: float | None = _TAKEOVER_S
    prepare: Injection | None = None
    sharded: bool = False


# Seconds after which a host is started again even though clients are not served yet.
LONGEST_S = 45

FAULTS = (
    Fault(
        "postgres-killed",
        "The leader's postmaster is killed; Patroni starts it again or lets another lead.",
        "group",
        injections.postgres_killed,
        limit_s=_POSTGRES_S,
    ),
    Fault(
        "patroni-killed",
        "The leader's Patroni is killed; systemd starts it again.",
        "group",
        injections.patroni_killed,
    ),
    Fault(
        "host-lost",
        "The leader's host loses its power, and is started again once another leads.",
        "group",
        injections.leader_host_lost,
        until_writes=True,
    ),
    Fault(
        "host-frozen",
        "All processes of the leader's host stand still, longer than its lease, and go on as if nothing had been.",
        "group",
        injections.leader_host_frozen,
        hold_s=_PAST_LEASE_S,
    ),
    Fault(
        "cut-both",
        "The leader is cut off from all other hosts, not from the machine that its clients are on.",
        "group",
        injections.leader_cut_off,
        hold_s=_PAST_LEASE_S,
    ),
    Fault(
        "cut-in",
        "No packet of another host reaches the leader; its own reach them.",
        "group",
        partial(injections.leader_cut_off, direction="in"),
        hold_s=_PAST_LEASE_S,
    ),
    Fault(
        "cut-out",
        "No packet of the leader reaches another host; theirs reach it.",
        "group",
        partial(injections.leader_cut_off, direction="out"),
        hold_s=_PAST_LEASE_S,
    ),
    Fault(
        "replica-killed",
        "A replica's host loses its power: the one that commits wait for, where a group has two members.",
        "group",
        injections.replica_host_lost,
        until_writes=True,
    ),
    Fault(
        "pool-restarted",
        "PgBouncer of the leader is restarted: every client of it loses its connection.",
        "group",
        injections.pool_restarted,
    ),
    Fault(
        "disk-full",
        "The disk of the leader's data and WAL is full for half a minute; it gets a small one for that beforehand.",
        "group",
        disk.disk_full,
        hold_s=_PAST_LEASE_S,
        limit_s=None,
        prepare=disk.small_disk,
    ),
    Fault(
        "two-faults",
        "The leader's host loses its power as etcd's leader is killed.",
        "group",
        injections.two_lost,
        until_writes=True,
    ),
    Fault(
        "switchover",
        "No fault: another member is asked to lead, as before maintenance.",
        "group",
        injections.switchover,
        limit_s=_SWITCHOVER_S,
    ),
    Fault(
        "host-lost-moving",
        "The leader's host loses its power while shards move to its group (coordinator: while it has them moved).",
        "group",
        moving.while_moving(injections.leader_host_lost),
        until_writes=True,
        prepare=moving.uneven,
        sharded=True,
    ),
    Fault(
        "disk-full-moving",
        "The disk of the leader is full for half a minute while shards move to its group.",
        "group",
        moving.while_moving(disk.disk_full),
        hold_s=_PAST_LEASE_S,
        limit_s=None,
        prepare=moving.uneven_on_a_small_disk,
        sharded=True,
    ),
    Fault(
        "etcd-member-lost",
        "A member of etcd that does not lead is killed and stays away for 20 s.",
        "service",
        injections.etcd_member_lost,
        hold_s=20,
    ),
    Fault(
        "etcd-leader-lost",
        "etcd's leader is killed and stays away for 20 s.",
        "service",
        injections.etcd_leader_lost,
        hold_s=20,
    ),
    Fault(
        "etcd-quorum-lost",
        "etcd's majority is killed and stays away for 40 s: primaries go on for as long as their replicas hear them.",
        "service",
        injections.etcd_quorum_lost,
        hold_s=40,
    ),
    Fault(
        "proxy-killed",
        "The host of the proxy that clients go through loses its power; in the lab that is a member of etcd too.",
        "service",
        injections.proxy_host_lost,
        until_writes=True,
    ),
)


def named(name: str) -> Fault:
    """The fault of a name."""
    return next(fault for fault in FAULTS if fault.name == name)
