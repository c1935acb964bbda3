"""What an inventory must have so that the cluster goes on answering: replicas, fitting pools, backends for proxies."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from cryptography import x509

from camgrid import pki
from camgrid.inventory import Inventory
from camgrid.problem import Problem
from camgrid.topology import Topology, build


def problems(inventory: Inventory) -> list[Problem]:
    """What is wrong with an inventory whose topology can be built; empty when it will serve."""
    mistakes = list(_values(inventory))
    if mistakes:
        return mistakes
    topology = build(inventory)
    return [
        *_replicas(topology),
        *_repository(topology),
        *_proxies(topology),
        *_connections(topology),
        *_floating_address(topology),
        *_certificates(inventory, topology),
    ]


def _values(inventory: Inventory) -> Iterator[Problem]:
    coordinators = inventory.groups.get("coordinator", [])
    for host, variables in inventory.hosts.items():
        analytics = variables.get("camgrid_analytics", False)
        if not isinstance(analytics, bool):
            yield Problem(host, "camgrid_analytics", f"is {analytics!r}", "true or false, without quotes")
        elif analytics and host not in coordinators:
            mend = "move it to a host of the group coordinator: reports start there"
            yield Problem(host, "camgrid_analytics", "is set on a host that is no coordinator", mend)
        weight = variables.get("camgrid_read_weight", 100)
        if isinstance(weight, bool) or not isinstance(weight, int) or not 0 <= weight <= 256:
            yield Problem(host, "camgrid_read_weight", f"is {weight!r}", "a whole number from 0 to 256")
    pool = inventory.var("camgrid_pool_connections", 1)
    if isinstance(pool, bool) or not isinstance(pool, int) or pool < 1:
        yield Problem("all", "camgrid_pool_connections", f"is {pool!r}", "a whole number from 1 on, or leave it out")
    shared = inventory.var("patroni_shared_parameters", {})
    limit = shared.get("max_connections", 1) if isinstance(shared, dict) else 1
    if isinstance(limit, bool) or not isinstance(limit, int):
        yield Problem("all", "patroni_shared_parameters", f"max_connections is {limit!r}", "a whole number, no quotes")
    delay = inventory.var("camgrid_region_delay_s", 0)
    if isinstance(delay, bool) or not isinstance(delay, int) or delay < 0:
        yield Problem("all", "camgrid_region_delay_s", f"is {delay!r}", "whole seconds from 0 on, without quotes")
    method = inventory.var("patroni_first_copy", "basebackup")
    if method not in ("basebackup", "pgbackrest"):
        yield Problem("all", "patroni_first_copy", f"is {method!r}", "basebackup or pgbackrest")
    elif method == "pgbackrest" and not inventory.groups.get("backup"):
        text = "is pgbackrest, and the cluster has no repository to copy from"
        yield Problem("all", "patroni_first_copy", text, "name a host in the group backup, or leave it out")
    names = inventory.var("camgrid_endpoint_names", [])
    if not isinstance(names, list):
        yield Problem("all", "camgrid_endpoint_names", f"is {names!r}", "a list of names, such as [db.example.org]")


def _repository(topology: Topology) -> Iterator[Problem]:
    # Nor would pgBackRest: its server runs as one user, and the data is another's.
    for host in topology.roles.get("backup", []):
        if topology.node(host):
            text = "has the database too: whoever loses this host loses data and backups at once"
            yield Problem(host, "backup", text, "name a host without a database in the group backup, or none")


def _replicas(topology: Topology) -> Iterator[Problem]:
    if topology.phase == "foundation":
        return
    for number in topology.groups():
        eligible = [node for node in topology.group(number) if not node.analytics]
        variable = "coordinator" if number == 0 else "citus_group"
        if not eligible:
            yield Problem("all", variable, f"group {number} has no member that may lead", "add one without analytics")
        elif len(eligible) == 1:
            text = f"group {number} has one member that may lead: when it is lost, nothing takes over"
            yield Problem(eligible[0].host, variable, text, "add a replica, or better two, to the group")


def _proxies(topology: Topology) -> Iterator[Problem]:
    for host in topology.roles.get("proxy", []):
        region = topology.regions[host]
        if not topology.groups(region):
            yield Problem(host, "proxy", f"has no backend: {region} has no nodes", "take it out of the group proxy")
    if topology.proxies() and topology.sharded and not any(node.analytics for node in topology.group(0)):
        text = "the analytics endpoint has no backend: no coordinator reads from worker replicas"
        yield Problem("all", "camgrid_analytics", text, "add a coordinator host with camgrid_analytics: true")


def _connections(topology: Topology) -> Iterator[Problem]:
    for region in sorted({node.region for node in topology.nodes}):
        try:
            topology.connections(region)
        except ValueError as error:
            mend = "raise patroni_shared_parameters: {max_connections: …}, or lower camgrid_pool_connections"
            yield Problem("all", "camgrid_pool_connections", f"pools add up to too much in {region}: {error}", mend)


def _floating_address(topology: Topology) -> Iterator[Problem]:
    address = topology.floating_address
    if not address:
        return
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        yield Problem("all", "camgrid_floating_address", f"is {address!r}", "give an unused IPv4 address")
        return
    owner = next((host for host, its in topology.hosts.items() if its == address), "")
    if owner:
        yield Problem(owner, "camgrid_floating_address", f"{address} is this host's own", "give an unused address")
    if topology.pooled and len(topology.proxies()) < 2:
        yield Problem("all", "camgrid_floating_address", "floats over fewer than two proxies", "add a host to proxy")


def _certificates(inventory: Inventory, topology: Topology) -> Iterator[Problem]:
    """Certificates that were brought here for another host. One whose names changed is issued anew by itself."""
    for host in topology.hosts:
        path = pki.directory(inventory) / f"{host}.pem"
        if not path.exists():
            continue
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
        except ValueError:
            yield Problem(host, "certificate", f"{path} holds none", "remove the file: the next run makes a new one")
            continue
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        carried = names.get_values_for_type(x509.DNSName)
        if host not in carried:
            text = f"{path} is for {', '.join(carried)}"
            yield Problem(host, "certificate", text, "remove the file: the next run issues one for this host")
