"""Filters for the role patroni: `camgrid.into_citus`."""

from __future__ import annotations

from typing import Any

from camgrid import into_citus


class FilterModule:
    """The filters by the name that tasks use."""

    def filters(self) -> dict[str, Any]:
        return {
            "camgrid_keys": into_citus.keys,
            "camgrid_keys_copy": into_citus.copy_request,
            "camgrid_keys_plain": into_citus.is_plain,
            "camgrid_keys_removal": into_citus.removal_request,
            "camgrid_keys_request": into_citus.request,
            "camgrid_move_refusal": into_citus.refusal,
        }
