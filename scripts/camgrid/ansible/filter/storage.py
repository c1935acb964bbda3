"""Filters for the role storage and what follows from volumes: `camgrid.storage`."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from camgrid import storage


def storage_plan(told: list[dict[str, Any]], seen: dict[str, Any], consent: Any, owner: str) -> dict[str, Any]:
    """See camgrid.storage.plan.plan."""
    try:
        return storage.plan(told, seen, consent, owner)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


def volume_mounts(told: list[dict[str, Any]]) -> list[str]:
    """Where the volumes are mounted."""
    try:
        return [volume.mount for volume in storage.parse(told)]
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


def wal_directory(told: list[dict[str, Any]], version: int, cluster: str) -> str:
    """See camgrid.storage.volumes.wal_directory."""
    try:
        return storage.wal_directory(told, int(version), cluster)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters by the name that templates use."""

    def filters(self) -> dict[str, Any]:
        return {
            "camgrid_storage_plan": storage_plan,
            "camgrid_volume_mounts": volume_mounts,
            "camgrid_wal_directory": wal_directory,
        }
