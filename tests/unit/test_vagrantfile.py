"""The Vagrantfile boots what the inventory names, with Vagrant's own objects replaced by a recorder."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from camgrid.inventory import load

ROOT = Path(__file__).resolve().parents[2]
# Records what is set and called; a block is run at once with a recorder of its own.
RECORDER = """
require "json"
class Recorder
  attr_reader :seen
  def initialize = @seen = {}
  def vm = self
  def respond_to_missing?(*) = true
  def method_missing(name, *arguments, **options, &block)
    inner = Recorder.new
    block&.call(inner)
    key = [name.to_s.chomp("="), *(arguments if block)].join(" ")
    @seen[key] = block ? inner.seen : options.empty? ? arguments : [*arguments, options]
  end
end
module Vagrant
  def self.configure(_version)
    recorder = Recorder.new
    yield recorder
    puts JSON.generate(recorder.seen)
  end
end
load ARGV.first
"""

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

pytestmark = pytest.mark.skipif(not shutil.which("ruby"), reason="ruby is not installed: the Vagrantfile was not tried")


def recorded(vagrantfile: Path) -> dict:
    """What the Vagrantfile asks Vagrant for."""
    command = ["ruby", "-W0", "-e", RECORDER, str(vagrantfile)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def machines(seen: dict) -> dict[str, dict]:
    """name → its definition."""
    return {key.removeprefix("define "): value for key, value in seen.items() if key.startswith("define ")}


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
    assert definition["provider libvirt"] == definition["provider virtualbox"]
    address = definition["network"][1]["ip"]
    size = definition["provider libvirt"]
    return {"address": address, "memory": size["memory"][0], "cpus": size["cpus"][0]}


def test_machines_are_those_of_the_inventory():
    found = machines(recorded(ROOT / "Vagrantfile"))
    assert {name: as_expected(one) for name, one in found.items()} == expected(ROOT / "inventory/vagrant")


def test_variables_win_as_in_ansible(tmp_path):
    shutil.copy(ROOT / "Vagrantfile", tmp_path)
    directory = tmp_path / "inventory" / "vagrant"
    directory.mkdir(parents=True)
    (directory / "hosts.yml").write_text(TANGLED)
    found = {name: as_expected(one) for name, one in machines(recorded(tmp_path / "Vagrantfile")).items()}
    assert found == expected(directory)
    assert found["a"]["memory"] == 300
    assert set(found) == {"a", "b", "c"}


def test_the_last_machine_and_no_other_runs_the_playbook_against_all():
    found = machines(recorded(ROOT / "Vagrantfile"))
    *others, last = found.values()
    assert not any("provision ansible" in other for other in others)
    ansible = last["provision ansible"]
    assert ansible["limit"] == ["all"]
    assert (ROOT / ansible["playbook"][0]).is_file()
    assert (ROOT / ansible["inventory_path"][0]).is_dir()
    assert (ROOT / ansible["config_file"][0]).is_file()
