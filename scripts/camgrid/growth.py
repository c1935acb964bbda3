"""What the next phase of a cluster needs, what site.yml would do for it, and what stands in its way."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from camgrid import patroni
from camgrid.errors import UsageError
from camgrid.inventory import Inventory
from camgrid.topology import PHASES, Topology, build
from camgrid.units import size
from camgrid.validate import problems

# Measured in a lab on two cores that other labs shared: the restart with Citus, and for each table with rows the moment
# at which writes go to its shards, which grows with its months. Hosts of their own are quicker.
RESTART_S = 2
SWITCH_S_PER_MONTH = 1.5
# Bytes of tables and indexes that are copied to shards in a second there.
COPIED_BYTES_PER_S = 30 * 1024 * 1024


@dataclass(frozen=True)
class Need:
    """Something that a phase needs. met: whether it is there; detail: what was found, or what to do."""

    what: str
    met: bool
    detail: str


@dataclass
class Plan:
    """JSON of `camgrid phase plan --json`. restart_s, switch_s: seconds without writes to expect when PostgreSQL
    restarts, and at the most for each table with rows."""

    cluster: str
    phase: str
    next: str
    needs: list[Need] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)
    restart_s: int = 0
    switch_s: int = 0

    @property
    def possible(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.obstacles and all(need.met for need in self.needs)

    def as_json(self) -> dict[str, Any]:
        """Plain data, with `possible` on top."""
        return {"possible": self.possible} | asdict(self)


@dataclass(frozen=True)
class Table:
    """A table as it is now. bytes: with its indexes and all months; months: how many it has."""

    name: str
    rows: int
    bytes: int
    months: int


def next_phase(phase: str, wanted: str | None = None) -> str:
    """The phase to plan for. UsageError when wanted is none, or none that is still ahead."""
    if wanted is None and phase == PHASES[-1]:
        raise UsageError(f"{phase} is the last phase", hint="camgrid phase show says what is true of it")
    target = wanted or PHASES[PHASES.index(phase) + 1]
    if PHASES.index(target) <= PHASES.index(phase):
        raise UsageError(
            f"{target} is not ahead of {phase}", hint="a cluster does not shrink; camgrid phase show says where it is"
        )
    return target


def in_phase(inventory: Inventory, phase: str) -> Inventory:
    """The inventory as it would be after an edit of camgrid_phase."""
    return replace(inventory, hosts={host: {**its, "camgrid_phase": phase} for host, its in inventory.hosts.items()})


def plan(inventory: Inventory, now: Topology, target: str, members: list[patroni.Member], tables: list[Table]) -> Plan:
    """What it takes to get from the topology now to the phase target. members: as Patroni sees them; tables: with rows
    that are not distributed yet."""
    wanted = in_phase(inventory, target)
    mistakes = problems(wanted)
    found = Plan(now.cluster, now.phase, target)
    found.needs += [Need(f"{each.host}: {each.variable}", False, f"{each.text}; {each.mend}") for each in mistakes]
    found.obstacles += [f"{each.name} {each.trouble}" for each in members if each.trouble]
    found.obstacles += [f"{each.name} waits for a restart" for each in members if each.pending_restart]
    if mistakes:
        return found
    then = build(wanted)
    found.needs += _hosts(now, then)
    if then.sharded and not now.sharded:
        found.needs.append(_package(inventory, then))
    found.steps = _steps(now, then, tables)
    if then.sharded and not now.sharded:
        longest = max((table.months for table in tables if table.rows), default=0)
        found.restart_s, found.switch_s = RESTART_S, round(SWITCH_S_PER_MONTH * longest)
    return found


def _hosts(now: Topology, then: Topology) -> list[Need]:
    """Groups with who is in them, and etcd: a failover needs others to agree."""
    needs = []
    for number in then.groups():
        mates = then.group(number)
        leading = [node.host for node in mates if not node.analytics]
        name = "coordinator" if number == 0 else f"worker group {number}"
        detail = ", ".join(leading)
        if then.pooled and len(leading) < 2:
            detail += ": a lone member has nobody to take over from it; name a second host"
        needs.append(Need(f"{name}: two members that may lead", not then.pooled or len(leading) > 1, detail))
    for region, hosts in then.etcd.items():
        detail = ", ".join(hosts) + ("" if len(hosts) > 2 else ": the loss of one stops every failover; use three")
        needs.append(Need(f"etcd of {region}: three members", len(hosts) > 2 or not then.pooled, detail))
    if then.pooled:
        found = then.proxies()
        needs.append(Need("a proxy", bool(found), ", ".join(found) or "name a host in the group proxy"))
    return needs


def _package(inventory: Inventory, then: Topology) -> Need:
    pattern = f"postgresql-{then.postgresql_version}-citus-*.deb"
    found = sorted(path.name for path in Path(then.packages_dir).glob(pattern))
    what = f"Citus for PostgreSQL {then.postgresql_version}"
    if found:
        return Need(what, True, f"{then.packages_dir}/{found[-1]}")
    if inventory.var("citus_repository", "default"):
        return Need(what, True, "from its apt repository, which the hosts have to reach")
    return Need(what, False, f"put {pattern} into {then.packages_dir} on this machine, or set citus_repository")


def _steps(now: Topology, then: Topology, tables: list[Table]) -> list[str]:
    steps = []
    known = {node.host for node in now.nodes}
    for region in then.region_names[1:]:
        if region not in now.region_names:
            steps.append(f"{region}: each group is copied whole and follows from then on; its etcd is its own")
    for number in then.groups():
        fresh = [node.host for node in then.group(number) if node.host not in known]
        if fresh and number in now.groups():
            steps.append(f"group {number}: {', '.join(fresh)} become replicas; each copies the data of the primary")
        elif fresh:
            steps.append(f"group {number}: {', '.join(fresh)} become a new, empty worker group")
    if then.pooled and not now.pooled:
        steps.append(
            f"pools on every node, proxies on {', '.join(then.proxies())}: clients connect to these from now on"
        )
    if then.sharded and not now.sharded:
        old = ", ".join(node.host for node in now.group(0))
        steps += [
            f"Citus on {old}: PostgreSQL restarts once with it, replicas first, then the primary",
            "Patroni leaves PostgreSQL alone while its keys move to group 0: no failover for up to a minute",
            "roles, extensions and functions are brought to the workers; cameras become a reference table",
            *(_distribution(table) for table in tables),
        ]
    return [*steps, "a second run of site.yml changes nothing"]


def _distribution(table: Table) -> str:
    if not table.rows:
        return f"{table.name} is distributed by camera_id"
    minutes = table.bytes / COPIED_BYTES_PER_S / 60
    return (
        f"{table.name} ({table.rows:,} rows, {size(table.bytes)}) is distributed by camera_id while it is written to, "
        f"in about {max(1, round(minutes))} min on a small machine"
    )
