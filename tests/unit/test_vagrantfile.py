"""The Vagrantfile boots what the inventory names, with Vagrant's own objects replaced by a recorder.

What Vagrant itself says of it is seen in test_vagrant_validate.py; it does not say what came of the inventory.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from camgrid.inventory import load
from tests.unit.vagrantfile import ROOT, machines, needs_ruby, recorded, written

BIN = Path(sys.executable).parent
TANGLED = """
all:
  vars: {ansible_user: vagrant, vagrant_memory_mb: 100, vagrant_cpus: 1}
  children:
    outer:
      vars: {vagrant_memory_mb: 200}
      children:
        inner:
          vars: {vagrant_memory_mb: 300}
          hosts: {a: {}}
      hosts: {a: {}, b: {ansible_host: 10.0.0.2}, c: {}}
later: {hosts: {a: {ansible_host: 10.0.0.1}, c: {ansible_host: 10.0.0.3, vagrant_memory_mb: 400}, nowhere: {}}}
beside: {vars: {vagrant_cpus: 2}, hosts: {b: {}}}
second: {vars: {vagrant_cpus: 3}, hosts: {b: {}}, children: {third: }}
third: {vars: {vagrant_cpus: 4}, hosts: {c: }}
"""

pytestmark = needs_ruby


def expected(inventory: Path) -> dict[str, dict]:
    """What the machines should be, as Ansible itself reads the inventory."""
    return {
        host: {
            "address": variables["ansible_host"],
            "memory": variables["vagrant_memory_mb"],
            "cpus": variables["vagrant_cpus"],
        }
        for host, variables in load(inventory).hosts.items()
        if "ansible_host" in variables
    }


def as_expected(definition: dict) -> dict:
    """The part of a definition that the inventory decides; both providers must agree on it."""
    size, other = definition["provider libvirt"], definition["provider virtualbox"]
    assert [size["memory"], size["cpus"]] == [other["memory"], other["cpus"]]
    address = definition["network"][1]["ip"]
    return {"address": address, "memory": size["memory"][0], "cpus": size["cpus"][0]}


@pytest.mark.parametrize("inventory", ["inventory/vagrant", "inventory/vagrant-small"])
def test_machines_are_those_of_the_inventory(inventory):
    found = machines(recorded(inventory))
    assert {name: as_expected(one) for name, one in found.items()} == expected(ROOT / inventory)


def test_variables_win_as_in_ansible(tmp_path):
    inventory = written(tmp_path, TANGLED)
    found = {name: as_expected(one) for name, one in machines(recorded(inventory)).items()}
    assert found == expected(inventory)
    assert found["a"]["memory"] == 300
    assert set(found) == {"a", "b", "c"}


def test_the_last_machine_and_no_other_runs_the_playbook_against_all():
    found = machines(recorded())
    *others, last = found.values()
    assert not any("provision ansible" in other for other in others)
    ansible = last["provision ansible"]
    limited = ["--limit", ansible["limit"][0], "--list-hosts"]
    command = [BIN / "ansible-playbook", "-i", ansible["inventory_path"][0], *limited, "playbooks/prepare.yml"]
    run = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    assert "hosts (1):\n      localhost" in run.stdout, "the playbook would do nothing, and end well"
    assert (ROOT / ansible["playbook"][0]).is_file()
    assert Path(ansible["inventory_path"][0]) == ROOT / "inventory/vagrant"
    assert (ROOT / ansible["config_file"][0]).is_file()


def test_emulation_is_chosen_for_libvirt_and_waited_for():
    emulated, plain = recorded(DRIVER="qemu"), recorded()
    assert emulated["boot_timeout"] > plain["boot_timeout"]
    for name, machine in machines(emulated).items():
        assert machine["provider libvirt"]["driver"] == ["qemu"]
        assert machines(plain)[name]["provider libvirt"]["driver"] == ["kvm"]


@pytest.mark.parametrize("inventory", ["inventory/vagrant", "inventory/vagrant-small"])
def test_this_machine_can_do_its_own_part_of_a_playbook(inventory):
    """It is no host of the inventory, and still gets what is said of `all`."""
    command = [
        BIN / "ansible",
        "localhost",
        "-i",
        inventory,
        "-c",
        "local",
        "-m",
        "ansible.builtin.command",
        "-a",
        "true",
    ]
    run = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
