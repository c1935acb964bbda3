"""What every verb shares: the inventory, the topology and the way to the database."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import click
import psycopg

from camgrid import connect
from camgrid.errors import UsageError
from camgrid.inventory import Inventory, load
from camgrid.topology import Topology, build
from camgrid.validate import problems


class App:
    """The state of one run of the command; handed to the verbs by `click.pass_obj`."""

    def __init__(self, inventory_path: str | None, debug: bool = False) -> None:
        self.inventory_path, self.debug = inventory_path, debug

    @cached_property
    def inventory(self) -> Inventory:
        """The inventory named with -i. UsageError without one."""
        if not self.inventory_path:
            raise UsageError("this verb needs an inventory", hint="camgrid -i inventory/production …")
        return load(self.inventory_path)

    @cached_property
    def topology(self) -> Topology:
        """Regions, groups and members, derived from the inventory. UsageError when it has mistakes."""
        found = problems(self.inventory)
        if found:
            raise UsageError("\n".join(map(str, found)), hint="mend the inventory; nothing was changed")
        return build(self.inventory)

    def connect(self, role: str, **options: Any) -> psycopg.Connection:
        """A connection to the coordinator's primary as one of connect.ROLES, or as libpq's variables say.

        options go to psycopg.connect. CamgridError names the hosts tried, never a password.
        """
        if self.inventory_path:
            return connect.to_cluster(self.inventory, self.topology, role, **options)
        return connect.by_environment(role, **options)


def json_option(function: Callable) -> Callable:
    """The --json that every verb has."""
    return click.option("--json", "as_json", is_flag=True, help="Stable JSON on stdout.")(function)
