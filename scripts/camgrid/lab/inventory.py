"""The inventory that a lab works with: the committed one, and beside it what this machine allows."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import yaml

from camgrid import topology
from camgrid.console import say
from camgrid.errors import UsageError
from camgrid.inventory import Inventory, load
from camgrid.lab import image, machine
from camgrid.lab.config import BASE_SUBNET, DEFAULT_NAME, ROOT, Lab, packages_dir

SOURCE = ROOT / "inventory" / "lab"
WRITTEN = "lab.yml"
EXTRA_REPLICA = "g0m4"
# Hosts of a worker group that is added, the committed ones alike.
GROUP_MEMBERS = 2
# The phases that a lab goes through, in their order. The last one only where it is asked for.
LAB_PHASES = topology.PHASES
_ADDRESS = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?![\d.])")


def inventory_of(lab: Lab) -> Path:
    """The directory to give to `ansible-playbook -i` and `camgrid -i` for this lab."""
    at_home = lab.name == DEFAULT_NAME and lab.subnet == BASE_SUBNET
    return SOURCE if at_home else lab.directory / "inventory"


def shown(path: Path) -> str:
    """A path as the reader would type it at the repository's root."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def decide_suite(lab: Lab, wanted: str | None = None) -> None:
    """Sets Debian's release for the lab's hosts; None leaves it. UsageError when they were made with another."""
    if wanted and lab.image and wanted != lab.suite:
        raise UsageError(
            f"the hosts of lab {lab.name} are made with {lab.suite}, not {wanted}",
            hint=f"scripts/lab down --name {lab.name}, then up --suite {wanted}",
        )
    lab.suite = wanted or lab.suite


def decide_phase(lab: Lab, wanted: str | None = None) -> None:
    """Sets the lab's phase: the one wanted, or the highest that this machine can run. It never goes back.

    wanted: one of LAB_PHASES, kept as the lab's limit until another is said; None leaves that as it was.
    UsageError when the lab has grown further already.
    """
    if wanted and LAB_PHASES.index(wanted) < LAB_PHASES.index(lab.phase or wanted):
        raise UsageError(
            f"lab {lab.name} is in phase {lab.phase} already, and a cluster does not shrink to {wanted}",
            hint=f"scripts/lab down --name {lab.name}, then up --phase {wanted}",
        )
    lab.limit = wanted or lab.limit
    version = image.SUITES[lab.suite]
    packages = any(packages_dir().glob(f"postgresql-{version}-citus*.deb"))
    possible = lab.limit or ("horizontal" if packages else "read_scaling")
    lab.phase = max(lab.phase or possible, possible, key=LAB_PHASES.index)
    # A replica that has been there stays: it is a member of the cluster.
    lab.extra_replica = lab.extra_replica or lab.phase == "read_scaling"
    if lab.phase == "read_scaling" and not lab.limit:
        say(
            f"No Citus package for PostgreSQL {version} in {packages_dir()}: phase read_scaling (one group, three "
            f"replicas). For worker groups: put postgresql-{version}-citus-14.0_*.deb there and run `./scripts/lab up` "
            "again, or give hosts internet access to Citus's apt repository (citus_repository) and say "
            "--phase horizontal."
        )


def planned_hosts(lab: Lab) -> list[str]:
    """Hosts of the lab's phase, before anything is written."""
    committed = load(SOURCE / "hosts.yml")
    hosts = {name: {**variables, "camgrid_phase": lab.phase} for name, variables in committed.hosts.items()}
    extra = [EXTRA_REPLICA] if lab.extra_replica else []
    return [*topology.build(replace(committed, hosts=hosts)).hosts, *extra]


def write(lab: Lab) -> Path:
    """Writes the lab's inventory and returns its directory."""
    directory = inventory_of(lab)
    if directory != SOURCE:
        _copy_moved(directory, lab.subnet)
    written = directory / WRITTEN
    # Paths of keys only, and of one machine; its owner alone needs to read it.
    written.write_text(
        "# Written by `scripts/lab up`, removed by `scripts/lab down`: what this machine allows.\n"
        + yaml.safe_dump(content(lab, len(planned_hosts(lab))), sort_keys=False, width=110)
    )
    written.chmod(0o600)
    return directory


def content(lab: Lab, hosts: int) -> dict[str, Any]:
    """What lab.yml says for a lab of that many hosts."""
    options = f"-o UserKnownHostsFile={lab.known_hosts} -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes"
    data: dict[str, Any] = {
        "all": {
            "vars": {
                "camgrid_cluster": lab.name,
                "camgrid_phase": lab.phase,
                "postgresql_version": image.SUITES[lab.suite],
                "camgrid_client_networks": [str(lab.subnet)],
                "camgrid_admin_networks": [str(lab.subnet)],
                # Containers see the memory of the whole machine, and share it.
                "camgrid_host_memory_mb": min(2048, machine.memory_mb() // (2 * hosts)),
                "camgrid_host_cores": os.cpu_count(),
                "camgrid_host_disk": "ssd",
                "ansible_ssh_private_key_file": str(lab.key),
                "ansible_ssh_common_args": options,
                "ansible_control_path_dir": str(lab.control_sockets),
                "ansible_control_path": "%(directory)s/%%h",
            }
        }
    }
    if lab.bundle:
        data["all"]["vars"]["camgrid_bundle"] = lab.bundle
    extra = [EXTRA_REPLICA] if lab.extra_replica else []
    if lab.extra_replica:
        address = moved("10.77.0.14", lab.subnet)
        data["coordinator"] = {"hosts": {EXTRA_REPLICA: {"ansible_host": address}}}
    if lab.extra_groups:
        data["workers"] = {
            "hosts": {
                host: {"ansible_host": moved(f"10.77.0.{10 * number + 10 + member}", lab.subnet), "citus_group": number}
                for number in lab.extra_groups
                for member, host in enumerate(hosts_of_group(lab, number), start=1)
            }
        }
        extra += data["workers"]["hosts"]
    if extra:
        data[topology.MAIN_REGION] = {"hosts": {host: {} for host in extra}}
    return data


def hosts_of_group(lab: Lab, number: int) -> list[str]:
    """The names of the hosts of a worker group that was added to the lab."""
    return [f"g{number}m{member}" for member in range(1, GROUP_MEMBERS + 1)] if number in lab.extra_groups else []


def _copy_moved(directory: Path, subnet: IPv4Network) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for source in SOURCE.rglob("*.yml"):
        name = source.relative_to(SOURCE)
        if name == Path(WRITTEN) or any(part.startswith(".") for part in name.parts):
            continue
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_ADDRESS.sub(lambda found: moved(found.group(), subnet), source.read_text()))


def moved(text: str, subnet: IPv4Network) -> str:
    """An address (with or without a prefix length) of the committed subnet as it is in subnet; others as they are."""
    address, slash, _ = text.partition("/")
    try:
        offset = int(IPv4Address(address)) - int(BASE_SUBNET.network_address)
    except ValueError:
        return text
    if not 0 <= offset < BASE_SUBNET.num_addresses:
        return text
    if slash and text == str(BASE_SUBNET):
        return str(subnet)
    return f"{subnet.network_address + offset}{text[len(address) :]}"


def hosts_of_phase(lab: Lab) -> dict[str, str]:
    """The hosts that the lab's phase uses, with their addresses, from its inventory on disk."""
    hosts = topology.build(read(lab)).hosts
    for host, address in hosts.items():
        if IPv4Address(address) not in lab.subnet:
            raise UsageError(
                f"the address {address} is outside of the lab's subnet {lab.subnet}",
                where=f"host {host}",
                hint=f"change it in {shown(SOURCE / 'hosts.yml')}",
            )
    return hosts


def read(lab: Lab) -> Inventory:
    """The lab's inventory. UsageError when the lab has never been up."""
    directory = inventory_of(lab)
    if not (directory / WRITTEN).exists():
        raise UsageError(f"lab {lab.name} is not up", hint=f"scripts/lab up --name {lab.name}")
    return load(directory)


def remove(lab: Lab) -> None:
    """Removes what was written beside the committed inventory, the cluster's secrets included."""
    if lab.name == DEFAULT_NAME:
        (SOURCE / WRITTEN).unlink(missing_ok=True)
        shutil.rmtree(SOURCE / ".secrets", ignore_errors=True)
