"""Filters for the role patroni: the judgements of `camgrid.group`."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from camgrid import group


def restart_due(member: dict[str, Any], since: str = "") -> bool:
    """See camgrid.group.restart_due."""
    try:
        return group.restart_due(member, str(since))
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters by the name that tasks use."""

    def filters(self) -> dict[str, Any]:
        return {
            "camgrid_copy_refusal": group.copy_refusal,
            "camgrid_candidates": group.candidates,
            "camgrid_handover": group.handover,
            "camgrid_leader": group.leader,
            "camgrid_restart_due": restart_due,
            "camgrid_sound": group.sound,
            "camgrid_troubles": group.troubles,
        }
