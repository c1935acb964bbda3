"""Checks an inventory before anything is touched; each problem names the host, the variable and the mend.

Run as `python -m camgrid.validate INVENTORY` it prints the topology as JSON for the playbooks, or the problems on
stderr with exit code 2.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

from camgrid import monitoring, serving, storage
from camgrid.errors import CamgridError
from camgrid.inventory import Inventory, load
from camgrid.problem import Problem
from camgrid.topology import MAIN_REGION, PHASES, POSTGRESQL_VERSIONS, build, citus_group, member_numbers
from camgrid.variables import derived_variables, known_variables

_NETWORKS = ("camgrid_admin_networks", "camgrid_client_networks")
# One for the whole cluster: read from any host.
_SHARED = (
    "camgrid_bundle",
    "camgrid_cluster",
    "camgrid_phase",
    "camgrid_packages_dir",
    "postgresql_version",
    *_NETWORKS,
)
_LITERAL = (
    "camgrid_analytics",
    "camgrid_read_weight",
    "camgrid_volumes",
    "ansible_host",
    "camgrid_address",
    "camgrid_member",
    "citus_group",
    *_SHARED,
)


def problems(inventory: Inventory) -> list[Problem]:
    """Everything that is wrong with an inventory, most basic first; empty when it is sound."""
    basic = [
        *_variables(inventory),
        *_literals(inventory),
        *_phase(inventory),
        *_rates(inventory),
        *_membership(inventory),
    ]
    basic += storage.problems(inventory)
    # What follows reads the topology, which an inventory with basic mistakes does not have.
    return basic or [
        *_addresses(inventory),
        *_groups(inventory),
        *_etcd(inventory),
        *_networks(inventory),
        *serving.problems(inventory),
    ]


def _variables(inventory: Inventory) -> Iterator[Problem]:
    known = known_variables()
    seen = set()
    for host, variables in inventory.hosts.items():
        for name in variables:
            if name.startswith("ansible_") or name in ("group_names", *known) or name in seen:
                continue
            seen.add(name)
            if name in derived_variables():
                mend = "remove it; playbooks/group_vars/all says what it is made from"
                yield Problem(host, name, "is derived from the inventory, not set in it", mend)
                continue
            near = difflib.get_close_matches(name, known, n=1)
            mend = f"did you mean {near[0]}?" if near else "remove it; docs/variables.md lists what there is"
            yield Problem(host, name, "camgrid has no such variable", mend)


def _literals(inventory: Inventory) -> Iterator[Problem]:
    for host, variables in inventory.hosts.items():
        for name in _LITERAL:
            if "{{" in str(variables.get(name, "")):
                yield Problem(host, name, "is a template", "write the value itself: the topology must be literal")


def _phase(inventory: Inventory) -> Iterator[Problem]:
    for name in _SHARED:
        told = {str(variables.get(name)) for variables in inventory.hosts.values()}
        if len(told) > 1:
            yield Problem("all", name, f"hosts disagree: {', '.join(sorted(told))}", "set it once, for all")
    phase = inventory.var("camgrid_phase")
    if phase not in PHASES:
        yield Problem("all", "camgrid_phase", f"is {phase!r}", f"one of {', '.join(PHASES)}")
    version = inventory.var("postgresql_version", POSTGRESQL_VERSIONS[0])
    if version not in POSTGRESQL_VERSIONS:
        yield Problem("all", "postgresql_version", f"is {version!r}", f"one of {POSTGRESQL_VERSIONS}, without quotes")
    bundle = inventory.var("camgrid_bundle", "")
    if not isinstance(bundle, str):
        yield Problem("all", "camgrid_bundle", f"is {bundle!r}", "the path of a file made by `camgrid bundle make`")
    cluster = str(inventory.var("camgrid_cluster", ""))
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", cluster):
        mend = "lower case letters, digits and dashes, such as camgrid_cluster: harbour"
        yield Problem("all", "camgrid_cluster", f"is {cluster!r}", mend)


def _rates(inventory: Inventory) -> Iterator[Problem]:
    for host, variables in inventory.hosts.items():
        rate = variables.get("camgrid_wal_mb_s", 1)
        if not isinstance(rate, int | float) or isinstance(rate, bool) or rate <= 0:
            yield Problem(host, "camgrid_wal_mb_s", f"is {rate!r}", "MiB of WAL a second, such as 12.5")


def _membership(inventory: Inventory) -> Iterator[Problem]:
    groups = inventory.groups
    coordinators, workers = set(groups.get("coordinator", [])), set(groups.get("workers", []))
    regions = {name: set(hosts) for name, hosts in groups.items() if name.startswith("region_")}
    if not coordinators & regions.get(MAIN_REGION, set()):
        yield Problem("all", "coordinator", f"no host of {MAIN_REGION} is in this group", "name at least one host")
    for host, variables in inventory.hosts.items():
        mine = sorted(name for name, hosts in regions.items() if host in hosts)
        if len(mine) != 1:
            found = " and ".join(mine) or "no region"
            yield Problem(host, "region_*", f"is in {found}", f"put it in one, such as {MAIN_REGION}")
        number: Any = variables.get("citus_group")
        if host in coordinators & workers:
            yield Problem(host, "workers", "is a coordinator and a worker", "take it out of one of the groups")
        elif host in workers and not _counts(number):
            yield Problem(host, "citus_group", f"is {number!r}", "a worker's group is a whole number from 1 on")
        elif host not in workers and number is not None:
            yield Problem(
                host, "citus_group", "is set on a host that is no worker", "remove it, or add the host to workers"
            )
        member = variables.get("camgrid_member", 1)
        if not _counts(member):
            yield Problem(host, "camgrid_member", f"is {member!r}", "a whole number from 1 on, without quotes")


def _counts(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _addresses(inventory: Inventory) -> Iterator[Problem]:
    topology = build(inventory)
    for host, address in topology.hosts.items():
        try:
            ipaddress.IPv4Address(address)
        except ValueError:
            mend = "give its IPv4 address; nodes resolve each other from it (camgrid_address, where SSH uses another)"
            yield Problem(host, "ansible_host", f"is {address!r}, not an IPv4 address", mend)
    for address, count in Counter(topology.hosts.values()).items():
        if count > 1:
            hosts = [host for host, its in topology.hosts.items() if its == address]
            yield Problem(hosts[-1], "ansible_host", f"{address} is also {hosts[0]}'s", "give each host its own")


def _groups(inventory: Inventory) -> Iterator[Problem]:
    topology = build(inventory)
    regions = sorted({node.region for node in topology.nodes})
    if topology.phase == "horizontal" and len(topology.groups()) < 2:
        yield Problem("all", "workers", "phase horizontal without a worker", "add worker hosts, or use read_scaling")
    if topology.phase == "multi_region" and len(regions) < 2:
        yield Problem("all", "region_*", "phase multi_region with one region", "add hosts in a group region_dr")
    for region in regions:
        lacking = set(topology.groups(MAIN_REGION)) ^ set(topology.groups(region))
        for number in sorted(lacking):
            yield Problem(
                "all", "citus_group", f"group {number} is not in both regions", f"see {region}, {MAIN_REGION}"
            )
        for number in topology.groups(region):
            hosts = [h for h in inventory.groups[region] if citus_group(inventory, h) == number]
            numbers = member_numbers(inventory, hosts)
            counted = Counter(numbers.values())
            for member in (member for member, count in counted.items() if count > 1):
                last = [host for host in hosts if numbers[host] == member][-1]
                yield Problem(last, "camgrid_member", f"{member} is taken in group {number}", "use another number")


def _etcd(inventory: Inventory) -> Iterator[Problem]:
    for region, hosts in build(inventory).etcd.items():
        if not hosts:
            yield Problem("all", "etcd", f"no member in {region}", "name one host, or better three")
        elif len(hosts) % 2 == 0:
            text = f"{len(hosts)} members in {region}: {', '.join(hosts)}"
            mend = "an even number survives no more failures than one less: use 1, 3 or 5"
            yield Problem("all", "etcd", text, mend)


def _networks(inventory: Inventory) -> Iterator[Problem]:
    for name in _NETWORKS:
        value = inventory.var(name)
        if not isinstance(value, list) or not value:
            yield Problem(
                "all", name, "is not set", "list the networks, such as [10.0.0.0/24]; all others are shut out"
            )
            continue
        for network in value:
            try:
                ipaddress.IPv4Network(network)
            except ValueError as error:
                yield Problem("all", name, str(error), "write it as IPv4 network/length, such as 10.0.0.0/24")


def main() -> None:
    """Prints the topology of the inventory named in argv, or what is wrong with it."""
    try:
        inventory = load(sys.argv[1])
    except CamgridError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    found = problems(inventory)
    if found:
        sys.stderr.write("".join(f"{problem}\n" for problem in found))
        sys.stderr.write(f"{len(found)} problem(s) in {inventory.path}; nothing was touched\n")
        sys.exit(2)
    topology = build(inventory)
    views = {host: topology.view(host) | monitoring.view(topology, host) for host in topology.hosts}
    waiting = sorted(set(inventory.hosts) - set(topology.hosts))
    print(json.dumps({"cluster": topology.cluster, "phase": topology.phase, "hosts": views, "waiting": waiting}))


if __name__ == "__main__":
    main()
