"""What may be set in an inventory: the roles' argument specs, and the variables of the topology itself."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

ROLES = Path(__file__).resolve().parents[2] / "roles"

# name → what it is; docs/variables.md is written from this and from the argument specs.
TOPOLOGY = {
    "camgrid_cluster": "Name of the cluster; typed by whoever destroys something.",
    "camgrid_phase": "How far the cluster has grown: foundation, read_scaling, horizontal or multi_region.",
    "citus_group": "Worker group of a host, from 1 on; a group is one primary and its replicas.",
    "camgrid_member": "Number of a host within its group; set it on the others before a member is removed.",
    "camgrid_address": "Address that other hosts reach it at, where that is not ansible_host.",
    "camgrid_admin_networks": "Networks of the operators' machines, for SSH and the superuser's certificate.",
    "camgrid_client_networks": "Networks that applications may connect to the database from.",
    "camgrid_host_memory_mb": "Memory that the host may use, in MiB, where that is not all it has.",
    "camgrid_host_cores": "CPUs that the host may use, where that is not all it has.",
    "camgrid_packages_dir": "Directory with local .deb packages, on the hosts and on this machine.",
    "vagrant_memory_mb": "Memory of the host's Vagrant machine, in MiB.",
    "vagrant_cpus": "CPUs of the host's Vagrant machine.",
}


@cache
def role_options() -> dict[str, dict[str, dict]]:
    """role → option → its argument spec."""
    return {
        path.parents[1].name: yaml.safe_load(path.read_text())["argument_specs"]["main"].get("options", {})
        for path in sorted(ROLES.glob("*/meta/argument_specs.yml"))
    }


def known_variables() -> list[str]:
    """Every name that an inventory may set."""
    return sorted({*TOPOLOGY, *(name for options in role_options().values() for name in options)})
