"""Derives the cluster from the inventory: regions, groups, members, their names and who talks to whom.

Used by the command and, as JSON, by every playbook (`playbooks/prepare.yml`), so that both see one cluster.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from camgrid import tuning
from camgrid.inventory import Inventory

PHASES = ("foundation", "read_scaling", "horizontal", "multi_region")
MAIN_REGION = "region_main"
# Names of this domain are resolved by the nodes themselves, each region to its own members.
DOMAIN = "camgrid.internal"
SERVICE_GROUPS = ("etcd", "proxy", "backup", "monitor", "spare")
# endpoint → port of HAProxy on every proxy host.
ENDPOINT_PORTS = {"write": 5000, "ingest": 5001, "read": 5002, "analytics": 5003}
# PgBouncer's on every node.
POOL_PORT = 6432
# HAProxy's statistics, for operators with their certificate.
STATISTICS_PORT = 7000
# The status page's on monitors, for operators with its password.
STATUS_PAGE_PORT = 9443
# The versions that camgrid installs, pinned here alone; an inventory chooses among them with postgresql_version.
POSTGRESQL_VERSIONS = (17, 18)
PACKAGES_DIR = "/var/cache/camgrid/packages"

# What a proxy has to know of a node.
_BACKEND = ("host", "address", "group", "read_weight", "analytics")


@dataclass(frozen=True)
class Node:
    """A host that runs PostgreSQL: member `member` of Citus group `group` in `region`."""

    host: str
    address: str
    region: str
    group: int
    member: int
    read_weight: int = 100  # its share of the reads, relative to other replicas
    analytics: bool = False  # a coordinator replica for reports alone: never leads, no commit waits for it

    @property
    def name(self) -> str:
        """The region-neutral name that PostgreSQL and Citus know it by."""
        return f"g{self.group}m{self.member}.{DOMAIN}"


@dataclass(frozen=True)
class Topology:
    """What the inventory means in its phase. hosts: active hosts → address; etcd: region → hosts."""

    cluster: str
    phase: str
    nodes: tuple[Node, ...]
    hosts: dict[str, str]
    regions: dict[str, str]
    etcd: dict[str, list[str]] = field(default_factory=dict)
    roles: dict[str, list[str]] = field(default_factory=dict)
    postgresql_version: int = POSTGRESQL_VERSIONS[0]
    packages_dir: str = PACKAGES_DIR
    bundle: str = ""  # the file that all hosts install from, on this machine
    floating_address: str = ""
    endpoint_names: tuple[str, ...] = ()
    max_connections: int = tuning.SHARED["max_connections"]
    pool_connections: int | None = None
    region_delay_s: int = 0  # how long the region that stands by waits before it replays a commit

    @property
    def region_names(self) -> list[str]:
        """The regions, the one first that leads when the cluster is made."""
        return sorted({node.region for node in self.nodes}, key=lambda region: (region != MAIN_REGION, region))

    @property
    def sharded(self) -> bool:
        """Whether tables are distributed over worker groups."""
        return any(node.group > 0 for node in self.nodes)

    @property
    def pooled(self) -> bool:
        """Whether nodes have pools and proxies balance over them; a database of one host is reached directly."""
        return self.phase != "foundation"

    def connections(self, region: str = MAIN_REGION) -> dict[str, int]:
        """How the max_connections of a region's nodes are divided; ValueError when they are too few."""
        nodes = sum(node.region == region for node in self.nodes)
        return tuning.connections(nodes, self.sharded, max_connections=self.max_connections, pool=self.pool_connections)

    def proxies(self, region: str = MAIN_REGION) -> list[str]:
        """Hosts of a region that balance over its nodes."""
        return [host for host in self.roles.get("proxy", []) if self.pooled and self.regions[host] == region]

    def backups(self, region: str = MAIN_REGION) -> list[str]:
        """Hosts of a region that keep backups."""
        return [host for host in self.roles.get("backup", []) if self.regions[host] == region]

    def spares(self, region: str = MAIN_REGION) -> list[str]:
        """Hosts of a region that copies of the cluster are restored on, beside it."""
        return [host for host in self.roles.get("spare", []) if self.regions[host] == region]

    def subject(self, host: str) -> str:
        """Common name of a host's certificate: nodes (which may speak for any database role) are told from others."""
        return f"{host}.{'node' if self.node(host) else 'host'}.{DOMAIN}"

    def group(self, number: int, region: str = MAIN_REGION) -> list[Node]:
        """Members of a group in a region, in the order of their member numbers."""
        found = [node for node in self.nodes if node.group == number and node.region == region]
        return sorted(found, key=lambda node: node.member)

    def groups(self, region: str = MAIN_REGION) -> list[int]:
        """Numbers of the groups that a region has."""
        return sorted({node.group for node in self.nodes if node.region == region})

    def far(self, region: str, group: int | None = None) -> list[Node]:
        """Nodes of the other region, of all groups without group, in the order of groups and members."""
        return [node for node in self.nodes if node.region != region and group in (None, node.group)]

    def names(self, region: str) -> dict[str, str]:
        """Region-neutral name → address, as the hosts of a region have to resolve it.

        Citus's list holds the names of whichever region is open, and is the same in both: a name that this region lacks
        stands for the group's first member here, so that nothing asked for by name ever leaves the region.
        """
        own = {node.name: node.address for node in self.nodes if node.region == region}
        for node in self.far(region):
            mates = [mate for mate in self.group(node.group, region) if not mate.analytics]
            if node.name not in own and mates:
                own[node.name] = mates[0].address
        return own

    def node(self, host: str) -> Node | None:
        """The node that a host is, or None for a host without PostgreSQL."""
        return next((node for node in self.nodes if node.host == host), None)

    def view(self, host: str) -> dict[str, Any]:
        """What one host has to know, for the roles: itself, its group, names to resolve, its region's etcd."""
        region = self.regions[host]
        node = self.node(host)
        local = [each for each in self.nodes if each.region == region]
        mates = self.group(node.group, region) if node else []
        return {
            "cluster": self.cluster,
            "phase": self.phase,
            "sharded": self.sharded,
            "postgresql_version": self.postgresql_version,
            "packages_dir": self.packages_dir,
            "bundle": self.bundle,
            "region": region,
            "address": self.hosts[host],
            "node": asdict(node) | {"name": node.name} if node else None,
            "members": [_described(each) for each in mates],
            "peers": [{"host": each.host, "address": each.address} for each in mates],
            "others": [
                {"host": each.host, "address": each.address, "group": each.group} for each in local if each not in mates
            ],
            "nodes": [_described(each) for each in local],
            "names": self.names(region),
            "leads_at_first": region == MAIN_REGION,
            "region_delay_s": self.region_delay_s,
            "far_region": next((each.region for each in self.far(region)), ""),
            "far": [{"host": each.host, "address": each.address, "group": each.group} for each in self.far(region)],
            "etcd": [{"host": name, "address": self.hosts[name]} for name in self.etcd.get(region, [])],
            "hosts": {name: self.hosts[name] for name in self.hosts if self.regions[name] == region},
            "proxies": [{"host": name, "address": self.hosts[name]} for name in self.proxies(region)],
            "backends": [{key: asdict(each)[key] for key in _BACKEND} for each in local],
            # A region without a repository of its own uses the first one's, so that it archives when it is opened.
            "backups": [{"host": name, "address": self.hosts[name]} for name in self.backups(region) or self.backups()],
            "spares": [{"host": name, "address": self.hosts[name]} for name in self.spares(region)],
            "subjects": {name: self.subject(name) for name in self.hosts},
            "pooled": self.pooled,
            "endpoint_ports": ENDPOINT_PORTS,
            "pool_port": POOL_PORT,
            "statistics_port": STATISTICS_PORT,
            "status_page_port": STATUS_PAGE_PORT,
            "floating_address": self.floating_address if region == MAIN_REGION else "",
            "connections": self.connections(region),
            "roles": [role for role, members in self.roles.items() if host in members],
        }


def _described(node: Node) -> dict[str, Any]:
    return asdict(node) | {"name": node.name}


def build(inventory: Inventory) -> Topology:
    """The topology of a valid inventory; see `camgrid.validate` for what makes it valid."""
    phase = inventory.var("camgrid_phase", PHASES[0])
    region_of = {
        host: group
        for group in sorted(inventory.groups)
        if group.startswith("region_")
        for host in inventory.groups[group]
    }
    used = [host for host in inventory.hosts if phase == "multi_region" or region_of.get(host) == MAIN_REGION]
    nodes = tuple(_nodes(inventory, used, region_of, phase))
    services = {host for role in SERVICE_GROUPS for host in inventory.groups.get(role, [])}
    active = {node.host for node in nodes} | services
    hosts = {host: _address(inventory, host) for host in used if host in active}
    regions = {host: region_of[host] for host in hosts}
    return Topology(
        cluster=str(inventory.var("camgrid_cluster", "camgrid")),
        phase=phase,
        nodes=nodes,
        hosts=hosts,
        regions=regions,
        etcd={
            region: [host for host in inventory.groups.get("etcd", []) if regions.get(host) == region]
            for region in sorted(set(regions.values()))
        },
        roles={role: [h for h in inventory.groups.get(role, []) if h in hosts] for role in SERVICE_GROUPS},
        postgresql_version=inventory.var("postgresql_version", POSTGRESQL_VERSIONS[0]),
        packages_dir=inventory.var("camgrid_packages_dir", PACKAGES_DIR),
        bundle=str(inventory.path / bundle) if (bundle := inventory.var("camgrid_bundle", "")) else "",
        floating_address=str(inventory.var("camgrid_floating_address", "")),
        endpoint_names=tuple(inventory.var("camgrid_endpoint_names", [])),
        max_connections=inventory.var("patroni_shared_parameters", {}).get(
            "max_connections", tuning.SHARED["max_connections"]
        ),
        pool_connections=inventory.var("camgrid_pool_connections"),
        region_delay_s=inventory.var("camgrid_region_delay_s", 0),
    )


def _nodes(inventory: Inventory, used: list[str], region_of: dict[str, str], phase: str) -> list[Node]:
    """Nodes of the phase: the first coordinator alone, then its replicas, then the workers too."""
    by_group: dict[tuple[str, int], list[str]] = {}
    # In the order of the two groups: elsewhere a host may stand earlier, and a place must not depend on its services.
    listed = [*inventory.groups.get("coordinator", []), *inventory.groups.get("workers", [])]
    for host in sorted(used, key=lambda host: listed.index(host) if host in listed else -1):
        number = citus_group(inventory, host)
        if number is not None and (number == 0 or phase in ("horizontal", "multi_region")):
            by_group.setdefault((region_of[host], number), []).append(host)
    nodes = []
    for (region, number), hosts in sorted(by_group.items()):
        members = member_numbers(inventory, hosts)
        if phase == "foundation":
            hosts = sorted(hosts, key=members.__getitem__)[:1]
        nodes += [
            Node(host, _address(inventory, host), region, number, members[host], **_duties(inventory.hosts[host]))
            for host in hosts
        ]
    return sorted(nodes, key=lambda node: (node.region, node.group, node.member))


def citus_group(inventory: Inventory, host: str) -> int | None:
    """The Citus group of a host: 0 for coordinators, `citus_group` for workers, None for the others."""
    if host in inventory.groups.get("coordinator", []):
        return 0
    if host in inventory.groups.get("workers", []):
        return inventory.hosts[host].get("citus_group")
    return None


def member_numbers(inventory: Inventory, hosts: list[str]) -> dict[str, int]:
    """Member number of each host of one group: `camgrid_member` where it is set, else the lowest free one.

    A number is part of a node's name and certificate, so it is to be set before an earlier member leaves.
    """
    numbers = {
        host: inventory.hosts[host]["camgrid_member"] for host in hosts if "camgrid_member" in inventory.hosts[host]
    }
    taken = set(numbers.values())
    free = (number for number in range(1, len(hosts) + len(taken) + 1) if number not in taken)
    return {host: numbers.get(host) or next(free) for host in hosts}


def _duties(variables: dict[str, Any]) -> dict[str, Any]:
    return {
        "read_weight": variables.get("camgrid_read_weight", 100),
        "analytics": variables.get("camgrid_analytics", False),
    }


def _address(inventory: Inventory, host: str) -> str:
    variables = inventory.hosts[host]
    return str(variables.get("camgrid_address") or variables.get("ansible_host", host))
