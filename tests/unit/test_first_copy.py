"""What Patroni is told of a second region's first copy, rendered by Ansible for a member of the lab's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from camgrid.variables import DERIVED
from tests.unit.test_serving import found, inventory

ROOT = Path(__file__).resolve().parents[2]
PLAY = """
- import_playbook: {root}/playbooks/prepare.yml
- hosts: dr1m1
  connection: local
  gather_facts: false
  vars_files: {vars_files}
  tasks:
    - name: Render
      check_mode: false
      copy:
        dest: "{into}/{{{{ item }}}}.yml"
        content: "{{{{ lookup('template', '{root}/roles/patroni/templates/config.yml.j2') }}}}"
      vars: {{__patroni_copies: true, __patroni_from_repository: "{{{{ item }}}}"}}
      loop: [true, false]
"""
FACTS = {"camgrid_host_memory_mb": 4096, "camgrid_host_cores": 2, "camgrid_host_disk": "nvme"}


@pytest.fixture(scope="module")
def configs(tmp_path_factory):
    """Whether the repository serves → Patroni's configuration."""
    into = tmp_path_factory.mktemp("first_copy")
    hosts = into / "inventory/hosts.yml"
    hosts.parent.mkdir()
    text = (ROOT / "inventory/lab/hosts.yml").read_text()
    hosts.write_text(text.replace("camgrid_phase: horizontal", "camgrid_phase: multi_region"))
    vars_files = [str(ROOT / f"roles/patroni/{kind}/main.yml") for kind in ("defaults", "vars")]
    (into / "play.yml").write_text(PLAY.format(root=ROOT, into=into, vars_files=json.dumps(vars_files)))
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", into / "inventory", into / "play.yml"]
    command += ["--check", "-e", json.dumps(FACTS)]
    command += [word for path in sorted(DERIVED.glob("*.yml")) for word in ("-e", f"@{path}")]
    environment = os.environ | {"ANSIBLE_LOCAL_TEMP": str(into / "tmp"), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    run = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return {serves: yaml.safe_load((into / f"{serves}.yml").read_text()) for serves in (True, False)}


def test_a_repository_that_serves_comes_first_and_gives_wal_as_well(configs):
    standby = configs[True]["bootstrap"]["dcs"]["standby_cluster"]
    assert standby["create_replica_methods"] == ["pgbackrest", "basebackup"]
    assert standby["restore_command"] == 'pgbackrest --stanza=lab-1 archive-get %f "%p"'
    assert standby["host"] == "10.77.0.21,10.77.0.22"


def test_without_one_neither_data_nor_wal_comes_from_it(configs):
    standby = configs[False]["bootstrap"]["dcs"]["standby_cluster"]
    assert standby["create_replica_methods"] == ["basebackup"]
    assert standby["restore_command"] == ""


def test_the_copy_is_of_the_other_regions_group_and_puts_pg_wal_into_its_place(configs):
    told = configs[True]["postgresql"]["pgbackrest"]
    assert told.pop("command").split()[-2:] == ["/usr/local/lib/camgrid/pgbackrest_copy.py", "--stanza=lab-1"]
    assert told == {"source": "10.77.0.21,10.77.0.22", "waldir": "/var/lib/postgresql-wal/17/lab"}


@pytest.mark.parametrize(("method", "words"), [("rsync", "basebackup or pgbackrest"), ("pgbackrest", "no repository")])
def test_a_choice_that_cannot_be_is_named(method, words):
    changed = inventory(patroni_first_copy=method)
    changed.groups["backup"] = []
    ((host, variable, text),) = found(changed)
    assert (host, variable) == ("all", "patroni_first_copy")
    assert words in text
