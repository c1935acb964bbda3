"""Every mistake in an inventory is named with its host, its variable and its mend."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from camgrid.validate import problems
from tests.unit import inventories

ROOT = Path(__file__).resolve().parents[2]


def sound(**shared):
    return inventories.serving(inventories.sound(**shared))


def single(**shared):
    return inventories.serving(inventories.single(**shared))


def only(inventory):
    """The one problem of an inventory."""
    (problem,) = problems(inventory)
    return problem


def changed(host: str, **variables):
    """A sound inventory in which one host says something else; None takes a variable away."""
    inventory = sound()
    for name, value in variables.items():
        inventory.hosts[host][name] = value
        if value is None:
            del inventory.hosts[host][name]
    return inventory


def moved(group: str, *, out: str | None = None, into: str | None = None):
    """A sound inventory in which one host left a group or joined it."""
    inventory = sound()
    if out:
        inventory.groups[group].remove(out)
    if into:
        inventory.groups.setdefault(group, []).append(into)
    return inventory


@pytest.mark.parametrize("inventory", [sound(), single(), *(sound(camgrid_phase=p) for p in ("foundation",))])
def test_a_sound_inventory_has_no_problems(inventory):
    assert problems(inventory) == []


@pytest.mark.parametrize(
    ("inventory", "host", "variable", "text", "mend"),
    [
        (changed("w1a", camgrid_adress="10.0.0.1"), "w1a", "camgrid_adress", "no such", "mean camgrid_address?"),
        (changed("w1a", colour="red"), "w1a", "colour", "no such variable", "docs/variables.md"),
        (changed("w1a", patroni_cluster="x"), "w1a", "patroni_cluster", "derived", "remove it"),
        (changed("w1a", citus_group=None), "w1a", "citus_group", "is None", "whole number from 1"),
        (changed("w1a", citus_group="1"), "w1a", "citus_group", "is '1'", "whole number from 1"),
        (changed("w1a", citus_group=True), "w1a", "citus_group", "is True", "whole number from 1"),
        (changed("w1a", citus_group=0), "w1a", "citus_group", "is 0", "whole number from 1"),
        (changed("c1", citus_group=1), "c1", "citus_group", "no worker", "remove it, or add"),
        (changed("c2", camgrid_member=0), "c2", "camgrid_member", "is 0", "whole number from 1"),
        (changed("c2", camgrid_member="2"), "c2", "camgrid_member", "is '2'", "without quotes"),
        (changed("w1b", ansible_host="10.0.0.21"), "w1b", "ansible_host", "is also w1a's", "its own"),
        (changed("w1a", ansible_host="worker.example"), "w1a", "ansible_host", "not an IPv4", "camgrid_address"),
        (changed("w1a", ansible_host="2001:db8::1"), "w1a", "ansible_host", "not an IPv4", "IPv4 address"),
        (changed("w1a", ansible_host="{{ x }}"), "w1a", "ansible_host", "is a template", "must be literal"),
        (changed("w1a", camgrid_cluster="other"), "all", "camgrid_cluster", "other, test", "once, for all"),
        (moved("region_main", out="w1a"), "w1a", "region_*", "no region", "region_main"),
        (moved("region_dr", into="w1a"), "w1a", "region_*", "region_dr and region_main", "put it in one"),
        (moved("workers", into="c1"), "c1", "workers", "coordinator and a worker", "take it out"),
        (moved("etcd", out="c2"), "all", "etcd", "2 members in region_main: c1, svc", "1, 3 or 5"),
        (moved("etcd", out="dr-c1"), "all", "etcd", "no member in region_dr", "name one host"),
        (changed("w2a", citus_group=3), "all", "citus_group", "group 3 is not in both", "region_main"),
        (sound(camgrid_phase="Horizontal"), "all", "camgrid_phase", "is 'Horizontal'", "read_scaling, horizontal"),
        (sound(camgrid_cluster="My Cluster"), "all", "camgrid_cluster", "is 'My Cluster'", "lower case"),
        (sound(camgrid_wal_mb_s="12"), "c1", "camgrid_wal_mb_s", "is '12'", "such as 12.5"),
        (sound(camgrid_bundle=["a.tar"]), "all", "camgrid_bundle", "is ['a.tar']", "camgrid bundle make"),
        (sound(postgresql_version="17"), "all", "postgresql_version", "is '17'", "without quotes"),
        (sound(camgrid_admin_networks=[]), "all", "camgrid_admin_networks", "is not set", "list the networks"),
        (sound(camgrid_client_networks=["10.0.0.1/8"]), "all", "camgrid_client_networks", "host bits", "10.0.0.0/24"),
        (sound(camgrid_client_networks=["::/0"]), "all", "camgrid_client_networks", "'::'", "IPv4 network"),
        (single(camgrid_phase="multi_region"), "all", "region_*", "one region", "region_dr"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_is_named_with_its_mend(inventory, host, variable, text, mend):
    found = [problem for problem in problems(inventory) if problem.variable == variable]
    assert [problem.host for problem in found][:1] == [host]
    assert text in found[0].text
    assert mend in found[0].mend
    assert str(found[0]).startswith(f"{host}: {variable}: ")


def test_a_number_taken_twice():
    inventory = sound()
    inventory.hosts["c1"]["camgrid_member"] = inventory.hosts["c2"]["camgrid_member"] = 1
    problem = only(inventory)
    assert (problem.host, problem.variable) == ("c2", "camgrid_member")
    assert "1 is taken in group 0" in problem.text


def test_horizontal_without_a_worker():
    inventory = single()
    for host in inventory.groups.pop("workers"):
        del inventory.hosts[host]
        inventory.groups["region_main"].remove(host)
    assert only(inventory).variable == "workers"


def test_a_misspelt_variable_is_said_once_though_every_host_has_it():
    assert len(problems(sound(camgrid_fase="horizontal"))) == 1


@pytest.mark.parametrize("name", ["lab/hosts.yml", "vagrant", "vagrant-small", "production"])
def test_the_projects_own_inventories_are_sound(name):
    command = [sys.executable, "-m", "camgrid.validate", ROOT / "inventory" / name]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    assert json.loads(run.stdout)["hosts"]


def test_run_as_a_program_it_says_everything_and_exits_with_2(tmp_path):
    (tmp_path / "hosts.yml").write_text("coordinator: {hosts: {c1: {ansible_host: 10.0.0.1, camgrid_fase: x}}}\n")
    command = [sys.executable, "-m", "camgrid.validate", tmp_path]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (2, "")
    assert "did you mean camgrid_phase?" in run.stderr
    assert "c1: region_*: is in no region" in run.stderr
    assert "nothing was touched" in run.stderr
