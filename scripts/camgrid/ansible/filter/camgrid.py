"""Filters for the roles: the computed settings of `camgrid.tuning`."""

from __future__ import annotations

import ipaddress
from typing import Any

from ansible.errors import AnsibleFilterError

from camgrid import inventory, tuning, tuning_kernel
from camgrid.errors import CamgridError
from camgrid.statuspage import cluster


def disk_kind(devices: dict[str, dict[str, Any]]) -> str:
    """ "nvme", "ssd" or "hdd": the best kind among a host's `ansible_facts.devices`.

    Only for SCSI and SATA disks does "rotational" say something; virtual ones have it set whatever is beneath.
    """
    disks = {name: facts for name, facts in devices.items() if name.startswith(("nvme", "sd"))}
    if any(name.startswith("nvme") for name in disks):
        return "nvme"
    rotating = bool(disks) and all(str(facts.get("rotational")) == "1" for facts in disks.values())
    return "hdd" if rotating else "ssd"


def networks(sources: list[str]) -> list[str]:
    """Addresses and networks without repetition or overlap, which nftables refuses in a set."""
    return [str(network) for network in ipaddress.collapse_addresses(map(ipaddress.ip_network, sources))]


def postgresql_settings(memory_mb: int, cores: int, disk: str, **more: Any) -> dict[str, Any]:
    """See camgrid.tuning.postgresql; more: its version, and what is known of speed and wal_mb_s."""
    known = {name: value for name, value in more.items() if value}
    try:
        return tuning.postgresql(int(memory_mb), int(cores), disk, **known)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


def shared_memory_mb(settings: dict[str, Any]) -> int:
    """See camgrid.tuning.shared_memory_mb; 0 where the server is told to take no huge pages for it."""
    if settings.get("huge_pages") in ("off", False):  # YAML's off is a boolean
        return 0
    try:
        return tuning.shared_memory_mb(settings)
    except ValueError as error:
        raise AnsibleFilterError(f"shared_buffers: {error}") from error


def kernel_plan(
    look: dict[str, Any], memory_mb: int, database: bool, shared_memory_mb: int, write_mb_s: int, others: dict[str, Any]
) -> dict[str, Any]:
    """See camgrid.tuning_kernel.plan; 0 stands for what was not measured."""
    return tuning_kernel.plan(
        look,
        memory_mb=int(memory_mb),
        database=database,
        shared_memory_mb=int(shared_memory_mb),
        write_mb_s=float(write_mb_s) or None,
        others=others,
    )


def described(path: str) -> dict[str, Any]:
    """See camgrid.statuspage.cluster.described."""
    try:
        return cluster.described(inventory.load(path))
    except CamgridError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters by the name that templates use."""

    def filters(self) -> dict[str, Any]:
        return {
            "camgrid_networks": networks,
            "camgrid_described": described,
            "camgrid_disk_kind": disk_kind,
            "camgrid_postgresql_settings": postgresql_settings,
            "camgrid_report_settings": lambda cores: tuning.reports(int(cores)),
            "camgrid_shared_memory_mb": shared_memory_mb,
            "camgrid_kernel_plan": kernel_plan,
            "camgrid_network_settings": lambda _: tuning_kernel.NETWORK,
            "camgrid_shared_settings": lambda overrides: tuning.SHARED | overrides,
        }
