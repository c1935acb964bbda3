"""Inventories for unit tests, made without Ansible: a sound one, and the same with something changed."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from camgrid.inventory import Inventory

SHARED = {
    "camgrid_cluster": "test",
    "camgrid_phase": "multi_region",
    "camgrid_admin_networks": ["192.0.2.0/24"],
    "camgrid_client_networks": ["10.0.0.0/8"],
}
# Two regions of a coordinator group and two worker groups. host → its own variables
HOSTS: dict[str, dict[str, Any]] = {
    "c1": {"ansible_host": "10.0.0.11"},
    "c2": {"ansible_host": "10.0.0.12"},
    "w1a": {"ansible_host": "10.0.0.21", "citus_group": 1},
    "w1b": {"ansible_host": "10.0.0.22", "citus_group": 1},
    "w2a": {"ansible_host": "10.0.0.31", "citus_group": 2},
    "svc": {"ansible_host": "10.0.0.5"},
    "dr-c1": {"ansible_host": "10.1.0.11"},
    "dr-w1": {"ansible_host": "10.1.0.21", "citus_group": 1},
    "dr-w2": {"ansible_host": "10.1.0.31", "citus_group": 2},
}
GROUPS = {
    "coordinator": ["c1", "c2", "dr-c1"],
    "workers": ["w1a", "w1b", "w2a", "dr-w1", "dr-w2"],
    "etcd": ["c1", "c2", "svc", "dr-c1"],
    "proxy": ["svc"],
    "backup": ["svc"],
    "monitor": ["svc"],
    "region_main": ["c1", "c2", "w1a", "w1b", "w2a", "svc"],
    "region_dr": ["dr-c1", "dr-w1", "dr-w2"],
}


def sound(path: Path = Path("/nonexistent"), **shared: Any) -> Inventory:
    """An inventory without mistakes; shared are variables of `all` in place of those above."""
    groups = deepcopy(GROUPS) | {"all": list(HOSTS)}
    return Inventory(path, {host: SHARED | shared | own for host, own in deepcopy(HOSTS).items()}, groups)


def single(path: Path = Path("/nonexistent"), **shared: Any) -> Inventory:
    """The same before it had a second region, in phase horizontal."""
    inventory = sound(path, **({"camgrid_phase": "horizontal"} | shared))
    for host in inventory.groups.pop("region_dr"):
        del inventory.hosts[host]
        for members in inventory.groups.values():
            if host in members:
                members.remove(host)
    return inventory


def serving(inventory: Inventory) -> Inventory:
    """The inventory with what it lacks to go on answering: a replica in group 2, and one for reports."""
    for host, group, own in (
        ("w2b", "workers", {"ansible_host": "10.0.0.32", "citus_group": 2}),
        ("c3", "coordinator", {"ansible_host": "10.0.0.13", "camgrid_analytics": True}),
    ):
        inventory.hosts[host] = inventory.hosts["c1"] | own
        for name in (group, "region_main", "all"):
            inventory.groups[name].append(host)
    return inventory
