"""Worker groups that a lab gets beside the committed inventory's: bare hosts to try growing and shrinking with."""

from __future__ import annotations

import shutil

from camgrid.console import say
from camgrid.errors import UsageError
from camgrid.lab import host, inventory, machine, mounts, up
from camgrid.lab.config import Lab, lab_lock
from camgrid.lab.run import succeeds
from camgrid.topology import build


def add(lab: Lab) -> int:
    """Boots the bare hosts of one more worker group and writes them into the lab's inventory. Returns its number."""
    machine.check_kind()
    with lab_lock(lab):
        topology = build(inventory.read(lab))
        if not topology.sharded:
            raise UsageError(f"lab {lab.name} has no worker groups yet", hint=f"scripts/lab up --name {lab.name}")
        number = max(topology.groups()) + 1
        machine.check_room(lab, inventory.GROUP_MEMBERS)
        lab.extra_groups = [*lab.extra_groups, number]
        lab.save()
        where = inventory.write(lab)
        up.boot(lab)
    say(f"bare hosts of group {number} run: {', '.join(inventory.hosts_of_group(lab, number))}")
    say(f"Next: .venv/bin/ansible-playbook -i {inventory.shown(where)} playbooks/add_worker.yml -e group={number}")
    return number


def drop(lab: Lab, number: int) -> None:
    """Removes the hosts of a group that `add` made, with their disks, and takes them out of the lab's inventory.

    UsageError for another group, and while the group still belongs to the cluster.
    """
    machine.check_kind()
    with lab_lock(lab):
        if number not in lab.extra_groups:
            added = ", ".join(map(str, lab.extra_groups)) or "none"
            raise UsageError(f"group {number} was not added with add-group", hint=f"added ones: {added}")
        hosts = [each for each in inventory.hosts_of_group(lab, number) if each in lab.addresses]
        busy = [each for each in hosts if _serves(lab, each)]
        if busy:
            raise UsageError(
                f"Patroni is active on {', '.join(busy)}: the group still belongs to the cluster",
                hint=f"playbooks/remove_worker.yml -e group={number} first",
            )
        for each in hosts:
            host.kill(lab, each)
            mounts.unmount_below(lab.host_dir(each))
            shutil.rmtree(lab.host_dir(each))
        lab.extra_groups = [each for each in lab.extra_groups if each != number]
        lab.save()
        inventory.write(lab)


def _serves(lab: Lab, name: str) -> bool:
    if not host.running(lab, name):
        return False
    return succeeds(host.ssh_command(lab, lab.address(name), "systemctl", "is-active", "--quiet", "patroni"))
