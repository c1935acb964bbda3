"""What may be set in an inventory: the roles' argument specs, and the variables of the topology itself.

Run as `python -m camgrid.variables` it prints docs/variables.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_ROOT = Path(__file__).resolve().parents[2]
ROLES = _ROOT / "roles"
# Files whose variables follow from the topology, and Ansible lets them win over an inventory's `all`.
DERIVED = _ROOT / "playbooks" / "group_vars" / "all"

# name → what it is; docs/variables.md is written from this and from the argument specs.
TOPOLOGY = {
    "camgrid_cluster": "Name of the cluster; typed by whoever destroys something.",
    "camgrid_phase": "How far the cluster has grown: foundation, read_scaling, horizontal or multi_region.",
    "citus_group": "Worker group of a host, from 1 on; a group is one primary and its replicas.",
    "camgrid_member": "Number of a host within its group; set it on the others before a member is removed.",
    "camgrid_analytics": "Whether a coordinator host is a replica for reports alone: it never leads.",
    "camgrid_read_weight": "Share of the reads that a replica takes, relative to the others: 0 to 256, 100 if not set.",
    "camgrid_floating_address": "IPv4 address that one proxy holds and another takes over; none unless it is set.",
    "camgrid_endpoint_names": "List of DNS names that clients know the proxies by; the certificates carry them.",
    "camgrid_pool_connections": "Connections to PostgreSQL of a node's pool, where it is not to be computed.",
    "camgrid_region_delay_s": "Seconds that the second region waits with each commit, for promote --common; 0: none.",
    "camgrid_address": "Address that other hosts reach it at, where that is not ansible_host.",
    "camgrid_admin_networks": "Networks of the operators' machines, for SSH and the superuser's certificate.",
    "camgrid_client_networks": "Networks that applications may connect to the database from.",
    "camgrid_host_memory_mb": "Memory that the host may use, in MiB, where that is not all it has.",
    "camgrid_host_cores": "CPUs that the host may use, where that is not all it has.",
    "camgrid_host_disk": "Kind of disk under the data, where its detection is wrong: nvme, ssd or hdd.",
    "camgrid_wal_mb_s": "WAL that a node writes in its busy hours, in MiB a second, where it is known.",
    "camgrid_volumes": "Drives of the host and the file systems that they are made into; none unless it is set.",
    "postgresql_version": "Major version of PostgreSQL, 17 or 18; chosen once, for the whole cluster.",
    "camgrid_packages_dir": "Directory with local .deb packages, on the hosts and on this machine.",
    "camgrid_bundle": "File made by `camgrid bundle make`, here or beside the inventory: hosts install from it alone.",
    "vagrant_memory_mb": "Memory of the host's Vagrant machine, in MiB.",
    "vagrant_cpus": "CPUs of the host's Vagrant machine.",
    "vagrant_drive_gb": "Size in GiB of the NVMe drives of the host's Vagrant machine; camgrid_volumes says which.",
}


@cache
def role_options() -> dict[str, dict[str, dict]]:
    """role → option → its argument spec."""
    return {
        path.parents[1].name: yaml.safe_load(path.read_text())["argument_specs"]["main"].get("options", {})
        for path in sorted(ROLES.glob("*/meta/argument_specs.yml"))
    }


@cache
def derived_variables() -> set[str]:
    """Names that the playbooks derive from the topology; what an inventory's `all` says of them would not count."""
    return {name for path in DERIVED.glob("*.yml") for name in yaml.safe_load(path.read_text())} - set(TOPOLOGY)


def known_variables() -> list[str]:
    """Every name that an inventory may set: what has a default, and the topology's own."""
    options = {name for options in role_options().values() for name, spec in options.items() if "default" in spec}
    return sorted({*TOPOLOGY, *options} - derived_variables())


def document() -> str:
    """The variables as Markdown, the topology's first and then a table a role."""
    lines = [
        "# Variables",
        "",
        "Everything that an inventory may set; any other name is refused. Written by `python -m camgrid.variables`",
        "from the roles' `meta/argument_specs.yml`. Which changes reload or restart something, and why, stands in",
        "each role's `defaults/main.yml`.",
        "",
        "## The cluster",
        "",
        "| variable | what it is |",
        "|---|---|",
        *(f"| `{name}` | {text} |" for name, text in TOPOLOGY.items()),
        "",
    ]
    for role, options in role_options().items():
        lines += [f"## Role `{role}`", "", *_role(options)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _role(options: dict[str, dict]) -> Iterator[str]:
    settable = {name: spec for name, spec in options.items() if name in known_variables() and name not in TOPOLOGY}
    if settable:
        yield "| variable | type | default | what it is |"
        yield "|---|---|---|---|"
        for name, spec in settable.items():
            yield f"| `{name}` | {_type(spec)} | `{_shown(spec['default'])}` | {_description(spec)} |"
        yield ""
    others = [name for name in options if name not in settable and name not in TOPOLOGY]
    if others:
        yield f"Given by the playbooks, not to be set: {', '.join(f'`{name}`' for name in others)}."
        yield ""


def _description(spec: dict[str, Any]) -> str:
    nested = [f"`{name}`: {_description(inner)}" for name, inner in spec.get("options", {}).items()]
    one_of = f" One of {', '.join(f'`{choice}`' for choice in spec['choices'])}." if "choices" in spec else ""
    return " ".join([spec["description"] + one_of, *nested])


def _type(spec: dict[str, Any]) -> str:
    return f"list of {spec['elements']}" if spec["type"] == "list" else spec["type"]


def _shown(value: Any) -> str:
    if isinstance(value, str) and value:
        return value
    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()


if __name__ == "__main__":
    print(document(), end="")
