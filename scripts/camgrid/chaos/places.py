"""Whether everything is in its place: every member, Citus's view of them, no transaction left between two nodes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable

import psycopg

from camgrid import health
from camgrid.chaos.ground import Ground
from camgrid.errors import CamgridError
from camgrid.patroni import Member

# Seconds that a cluster gets to be as it was once a fault is undone.
LIMIT_S = 120
# Between two looks: each asks every node.
_PAUSE_S = 0.5

# (group, what its members are) → how many of them; who of a group is what may change.
Places = Counter[tuple[int, str]]


def places(members: Iterable[Member]) -> Places:
    """How many members of each group lead, stream, and are waited for by commits."""
    found: Places = Counter()
    for member in members:
        roles = []
        if member.role == "leader" and member.healthy:
            roles.append("leader")
        if member.state == "streaming":
            roles.append("streaming replica")
        if member.role.endswith("standby"):
            roles.append("synchronous standby")
        found.update((member.group, role) for role in roles)
    return found


def misplaced(members: list[Member], before: Places) -> list[str]:
    """What there is less of than before, a line each; also a group whose members are on different timelines."""
    less = before - places(members)
    wrong = [f"group {group}: {count} {role} less than before" for (group, role), count in sorted(less.items())]
    timelines: dict[int, set[int | None]] = {}
    for member in members:
        timelines.setdefault(member.group, set()).add(member.timeline)
    wrong += [f"group {group}: timelines {found}" for group, found in timelines.items() if len(found) > 1]
    return wrong


def unhealthy(ground: Ground) -> list[str]:
    """What `camgrid check` finds, but for jobs: one that ran into a fault is told as failed until it runs again."""
    return [
        f"{finding.where}: {finding.what}"
        for finding in health.look(ground.app).findings
        if not finding.where.startswith("camgrid-")
    ]


def unsettled(ground: Ground, before: Places) -> list[str]:
    """All that is not as it was before a fault, a line each; what is quick to ask comes first."""
    wrong = misplaced(ground.members(), before) or unhealthy(ground)
    if wrong:
        return wrong
    leaders = ground.leaders()
    for group, leader in sorted(leaders.items()):
        try:
            with ground.connect_to(leader) as conn:
                left = prepared(conn)
                wrong += [f"group {group}: prepared transaction {gid}" for gid in left]
                if ground.topology.sharded:
                    wrong += nodes_wrong(ground, conn, {node.host for node in leaders.values()}, leader.host)
        except psycopg.Error as error:
            wrong.append(f"group {group}: {leader.host} does not answer: {error}")
    return wrong


def prepared(conn: psycopg.Connection) -> list[str]:
    """Transactions of the server's database that are neither committed nor rolled back."""
    return [gid for (gid,) in conn.execute("SELECT gid FROM pg_prepared_xacts WHERE database = current_database()")]


def nodes_wrong(ground: Ground, conn: psycopg.Connection, leading: set[str], where: str) -> list[str]:
    """What one node's pg_dist_node says that is not so: every member of every group is in it, by name and role."""
    wanted = {
        (node.name, node.group, "primary" if node.host in leading else "secondary") for node in ground.topology.nodes
    }
    known = set(conn.execute("SELECT nodename, groupid, noderole::text FROM pg_dist_node WHERE isactive"))
    return [
        f"pg_dist_node of {where}: {name} as {role} of group {group} is {'missing' if missing else 'wrong'}"
        for missing, difference in ((True, wanted - known), (False, known - wanted))
        for name, group, role in sorted(difference)
    ]


def settle(look: Callable[[], list[str]], seconds: float = LIMIT_S) -> list[str]:
    """Looks until nothing is wrong or seconds are over; returns what was wrong last."""
    deadline = time.monotonic() + seconds
    while wrong := look():
        if time.monotonic() > deadline:
            break
        time.sleep(_PAUSE_S)
    return wrong


def wait_for_health(ground: Ground, before: Places | None = None) -> None:
    """Waits until nothing is wrong with the cluster, and all is in its place as before, where that is given.

    CamgridError says what is wrong when that takes too long.
    """
    if wrong := settle(lambda: misplaced(ground.members(), before or Counter()) or unhealthy(ground)):
        raise CamgridError(
            f"the cluster is not healthy: {'; '.join(wrong)}",
            where=f"lab {ground.lab.name}",
            hint="scripts/lab status tells which hosts are down, frozen or cut off; then: camgrid status",
        )
