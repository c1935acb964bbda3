"""Reads an Ansible inventory with Ansible's own loader: hosts, groups and the variables set for them.

Values come back as written. What the topology is made of must be literal, so that the command and the
playbooks see the same cluster without rendering templates; `camgrid.validate` says so when it is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from camgrid.errors import UsageError


@dataclass(frozen=True)
class Inventory:
    """An inventory as it stands on disk. path: its directory; hosts: name → variables; groups: name → hosts."""

    path: Path
    hosts: dict[str, dict[str, Any]]
    groups: dict[str, list[str]] = field(default_factory=dict)

    @property
    def secrets_dir(self) -> Path:
        """Where this cluster's vault, CA and certificates are (0700, never committed); hidden, so no inventory."""
        return self.path / ".secrets"

    def var(self, name: str, default: Any = None) -> Any:
        """A variable that is one for the whole cluster, as the first host sees it."""
        for variables in self.hosts.values():
            if name in variables:
                return variables[name]
        return default


# What Ansible adds to every host and nobody wrote into the inventory.
_MAGIC = {"inventory_file", "inventory_dir", "groups", "omit", "playbook_dir", "role_names"}


def load(path: str | Path) -> Inventory:
    """The inventory at path (a directory, or a file in one). UsageError when there is none or it is broken."""
    # Ansible takes half a second to import: only the commands that need an inventory pay for it.
    from ansible.errors import AnsibleError
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader

    source = Path(path).resolve()
    if not source.exists():
        raise UsageError("no such inventory", where=str(path), hint="name one: -i inventory/production")
    directory = source if source.is_dir() else source.parent
    loader = DataLoader()
    # Or Ansible would take the current directory for a playbook's and mix in the group_vars found there.
    loader.set_basedir(str(directory))
    try:
        manager = InventoryManager(loader=loader, sources=[str(source)])
        loaded = _read(manager)
    except AnsibleError as error:
        raise UsageError(f"Ansible cannot read it: {error}", where=str(path)) from error
    if not loaded[0]:
        raise UsageError("the inventory names no hosts", where=str(path), hint="see inventory/production")
    return Inventory(directory, *loaded)


def _read(manager: Any) -> tuple[dict[str, dict[str, Any]], dict[str, list[str]]]:
    from ansible.vars.manager import VariableManager

    # include_hostvars would copy every host's variables into every host's.
    variables = VariableManager(loader=manager._loader, inventory=manager)
    hosts = {
        host.name: {
            key: value
            for key, value in variables.get_vars(host=host, include_hostvars=False).items()
            if key not in _MAGIC and not key.startswith(("ansible_playbook", "inventory_hostname"))
        }
        for host in manager.get_hosts(ignore_limits=True, ignore_restrictions=True)
    }
    groups = {name: [host.name for host in group.get_hosts()] for name, group in manager.groups.items()}
    return hosts, groups
