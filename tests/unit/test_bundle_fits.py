"""What the roles ask for is read from the roles; a bundle that lacks some of it, or Citus, is told what and why."""

import json
import re
import subprocess
import sys

import pytest
import yaml

from camgrid import topology
from camgrid.bundle import fits, wanted
from camgrid.bundle.make import citus_file, refuse_unknown
from camgrid.bundle.releases import RELEASES
from camgrid.errors import CamgridError, UsageError
from camgrid.variables import ROLES
from tests.unit import bundles
from tests.unit.inventories import single, sound


def asked(inventory):
    return wanted.packages(inventory, topology.build(inventory))


def everything(inventory):
    return sorted({name for names in asked(inventory).values() for name in names})


def lacking(inventory, bundle):
    return list(fits.lacking(bundle, inventory, topology.build(inventory)))


def test_every_role_that_installs_is_found_and_no_other():
    installing = {file.parents[1].name for file in ROLES.glob("*/tasks/*.yml") if "packages_names:" in file.read_text()}
    assert set(asked(sound())) == installing
    assert all(names for names in asked(sound()).values())


def test_no_role_installs_but_through_the_role_packages():
    own = {
        file.parents[1].name
        for file in ROLES.glob("*/tasks/*.yml")
        if re.search(r"builtin\.(apt|package):\n( +\w+: .*\n)*? +(name|deb): ", file.read_text())
    }
    # The last one takes newer versions of what is there, and adds nothing.
    assert own == {"packages", "citus", "upgrade"}


def test_names_follow_the_inventory():
    assert "postgresql-18" in asked(sound(postgresql_version=18))["postgresql"]
    assert "postgresql-client-18" in asked(sound(postgresql_version=18))["restore_points"]
    added = sound(postgresql_packages=["postgresql-%s", "postgresql-%s-hypopg"])
    names = asked(added)["postgresql"]
    assert {"postgresql-17", "postgresql-17-hypopg"} <= set(names)
    assert "postgresql-17-cron" not in names
    one_host = sound()
    one_host.hosts["w1b"]["postgresql_packages"] = ["postgresql-%s-hypopg"]
    assert {"postgresql-17", "postgresql-17-cron", "postgresql-17-hypopg"} <= set(asked(one_host)["postgresql"])


def test_a_name_that_only_the_host_knows_is_refused_with_the_role(tmp_path, monkeypatch):
    tasks = tmp_path / "clever/tasks"
    tasks.mkdir(parents=True)
    include = {"ansible.builtin.include_role": {"name": "packages"}}
    names = {"packages_names": "{{ ['mdadm'] if ansible_facts['raid'] else [] }}"}
    (tasks / "main.yml").write_text(yaml.safe_dump([{"block": [include | {"vars": names}]}]))
    monkeypatch.setattr(wanted, "ROLES", tmp_path)
    with pytest.raises(CamgridError, match="roles/clever: its packages_names cannot be known without the host"):
        asked(sound())


def test_a_bundle_with_all_that_is_asked_for_will_do(tmp_path):
    inventory = single()
    bundle = bundles.make(tmp_path / "b.tar", [*everything(inventory), bundles.CITUS])
    assert lacking(inventory, bundle) == []


def test_an_older_bundle_is_told_what_it_lacks_and_who_asks(tmp_path):
    inventory = single()
    names = [name for name in everything(inventory) if name != "haproxy"]
    (sentence,) = lacking(inventory, bundles.make(tmp_path / "b.tar", [*names, bundles.CITUS]))
    assert "lacks haproxy, which the role haproxy asks for" in sentence
    assert "camgrid bundle make" in sentence


def test_a_bundle_without_citus_will_do_only_where_no_phase_needs_it(tmp_path):
    bundle = bundles.make(tmp_path / "b.tar", everything(single()), phase="read_scaling")
    (sentence,) = lacking(single(), bundle)
    assert "no Citus for PostgreSQL 17, which phase horizontal needs: it was made for phase read_scaling" in sentence
    assert lacking(single(camgrid_phase="read_scaling"), bundle) == []


def test_another_version_of_postgresql_is_another_bundle(tmp_path):
    bundle = bundles.make(tmp_path / "b.tar", [*everything(single()), bundles.CITUS])
    told = " ".join(lacking(single(postgresql_version=18), bundle))
    assert "lacks postgresql-18, postgresql-18-cron" in told
    assert "no Citus for PostgreSQL 18" in told


def test_making_one_without_a_citus_package_is_refused(tmp_path):
    built = topology.build(single(camgrid_packages_dir=str(tmp_path)))
    (tmp_path / "postgresql-17-citus-14.0_14.0.1-1_arm64.deb").touch()
    with pytest.raises(UsageError, match=r"phase horizontal needs Citus, and there is no .*_amd64\.deb"):
        citus_file(built, "amd64")
    assert citus_file(built, "arm64").name.endswith("_arm64.deb")


def test_a_package_that_a_release_does_not_have_is_named_with_its_role():
    with pytest.raises(UsageError, match=r"Debian 12 \(bookworm\): .*postgresql-17 \(postgresql\)"):
        refuse_unknown({"postgresql": ["postgresql-17"], "host": ["sudo"]}, {"sudo"}, RELEASES["bookworm"])


def test_the_playbook_is_told_what_hosts_are_to_have_or_what_is_wrong(tmp_path):
    names = {name for each in wanted.packages(*loaded()).values() for name in each}
    bundle = tmp_path / "b.tar"
    made = bundles.make(bundle, [*sorted(names), bundles.CITUS])
    command = [sys.executable, "-m", "camgrid.bundle.verify", str(bundle), "inventory/production/hosts.yml"]
    answer = subprocess.run(command, cwd=ROLES.parent, capture_output=True, text=True, check=True)
    told = json.loads(answer.stdout)
    assert (told["release"], told["architecture"]) == ("trixie", "amd64")
    assert [file["path"] for file in told["files"]] == [file.path for file in made.on_hosts]
    bundle.write_bytes(bundle.read_bytes()[:20_000])
    refused = subprocess.run(command, cwd=ROLES.parent, capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "half a bundle" in refused.stderr


def loaded():
    from camgrid.inventory import load

    inventory = load(ROLES.parent / "inventory/production/hosts.yml")
    return inventory, topology.build(inventory)


def test_a_bundle_lies_beside_the_inventory_or_where_its_path_says(tmp_path):
    built = topology.build(single(tmp_path, camgrid_bundle="harbour.tar"))
    assert built.view("c1")["bundle"] == str(tmp_path / "harbour.tar")
    assert topology.build(single(tmp_path, camgrid_bundle="/srv/harbour.tar")).bundle == "/srv/harbour.tar"
    assert topology.build(single(tmp_path)).bundle == ""
