"""Filters for the roles: the computed settings of `camgrid.tuning`."""

from __future__ import annotations

import ipaddress
from typing import Any

from ansible.errors import AnsibleFilterError

from camgrid import tuning


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


def postgresql_settings(memory_mb: int, cores: int, disk: str) -> dict[str, Any]:
    """See camgrid.tuning.postgresql."""
    try:
        return tuning.postgresql(int(memory_mb), int(cores), disk)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters by the name that templates use."""

    def filters(self) -> dict[str, Any]:
        return {
            "camgrid_networks": networks,
            "camgrid_disk_kind": disk_kind,
            "camgrid_postgresql_settings": postgresql_settings,
            "camgrid_report_settings": lambda cores: tuning.reports(int(cores)),
            "camgrid_kernel_settings": lambda memory_mb: tuning.kernel(int(memory_mb)),
            "camgrid_network_settings": lambda _: tuning.NETWORK,
            "camgrid_shared_settings": lambda overrides: tuning.SHARED | overrides,
        }
