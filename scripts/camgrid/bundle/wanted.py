"""Which packages the roles ask for, read from the roles themselves: there is no second list.

A role installs by including the role `packages` with `packages_names`. Those are rendered here for each host of an
inventory; `when` is left aside, so that a later phase and other hardware are served too.

Run as `python -m camgrid.bundle.wanted INVENTORY` it prints them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from camgrid.errors import CamgridError
from camgrid.inventory import Inventory, load
from camgrid.topology import Topology, build
from camgrid.variables import DERIVED, ROLES, derived_variables

# What every host has or gets: Ansible works with the first two, and all roles with the third.
EVERY_HOST = ("python3", "python3-apt", "systemd-sysv")
_BLOCKS = ("block", "rescue", "always")


def packages(inventory: Inventory, topology: Topology) -> dict[str, list[str]]:
    """role → the Debian packages that it may ask for on any host of the inventory, sorted."""
    hosts = [_variables(inventory, topology, host) for host in topology.hosts]
    found: dict[str, set[str]] = {}
    for role, expression in _asked():
        for variables in hosts:
            found.setdefault(role.name, set()).update(_rendered(role, expression, variables))
    return {role: sorted(names) for role, names in sorted(found.items())}


def _asked() -> Iterator[tuple[Path, Any]]:
    """A role and what one of its tasks gives to the role `packages`."""
    for file in sorted(ROLES.glob("*/tasks/*.yml")):
        for task in _tasks(_read(file) or []):
            if task.get("ansible.builtin.include_role", {}).get("name") == "packages":
                yield file.parents[1], task["vars"]["packages_names"]


def _tasks(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        yield entry
        for key in _BLOCKS:
            yield from _tasks(entry.get(key, []))


@cache
def _read(file: Path) -> Any:
    """A file of the project as Ansible reads it: its strings may be templates."""
    from ansible.parsing.dataloader import DataLoader

    return DataLoader().load_from_file(str(file), trusted_as_template=True)


def _variables(inventory: Inventory, topology: Topology, host: str) -> dict[str, Any]:
    """What a role sees on a host without having looked at it."""
    derived = {name: value for file in DERIVED.glob("*.yml") for name, value in _read(file).items()}
    own = {name: value for name, value in inventory.hosts[host].items() if name not in derived_variables()}
    return derived | own | {"camgrid": topology.view(host), "inventory_hostname": host}


def _rendered(role: Path, expression: Any, variables: dict[str, Any]) -> list[str]:
    from ansible.errors import AnsibleError
    from ansible.template import Templar

    files = (role / "defaults/main.yml", role / "vars/main.yml")
    defaults, internals = (_read(file) or {} if file.exists() else {} for file in files)
    # An unset option of the inventory is not to hide a default.
    seen = defaults | variables | internals
    try:
        names = Templar(variables=seen).template(expression)
    except AnsibleError as error:
        raise CamgridError(
            f"its packages_names cannot be known without the host: {error}",
            where=f"roles/{role.name}",
            hint="packages_names may use the role's options and the inventory; what depends on the host belongs "
            "into the task's `when`",
        ) from error
    return [str(name) for name in names]


def main() -> None:
    """Prints role and package, a line each, for the inventory named in argv."""
    try:
        inventory = load(sys.argv[1])
        for role, names in packages(inventory, build(inventory)).items():
            print("".join(f"{role} {name}\n" for name in names), end="")
    except CamgridError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
