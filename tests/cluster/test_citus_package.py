"""No Citus package anywhere: the role says what is missing and how to get it. Tried on the host that needs none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.cluster.support import ROOT


@pytest.mark.parametrize(
    ("repository", "says"),
    [("", "set citus_repository"), ("http://127.0.0.1:1/", "could not be used. Without internet")],
)
def test_a_missing_package_is_named_with_the_ways_to_get_it(cluster, tmp_path, repository, says):
    # A plain string: Ansible marks where its own came from, which YAML cannot write.
    host = str(next(name for name in cluster.topology.hosts if not cluster.topology.node(name)))
    inputs = {
        "citus_postgresql_version": 17,
        "citus_packages_dir": str(tmp_path),
        "citus_repository": repository,
        "citus_repository_key": f"{repository}key",
    }
    play = {"hosts": host, "gather_facts": True, "roles": [{"role": str(ROOT / "roles/citus"), "vars": inputs}]}
    path = tmp_path / "play.yml"
    path.write_text(yaml.safe_dump([play]))
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", str(cluster.path), str(path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert says in " ".join(run.stdout.split()), run.stdout
    assert f"{tmp_path} on this machine" in " ".join(run.stdout.split())
