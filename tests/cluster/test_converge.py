"""Running site.yml again: changes nothing, goes on after an interruption, says what is wrong."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.cluster.support import MEASURED, ROOT

pytestmark = pytest.mark.once


def changes(output: str) -> dict[str, int]:
    return {host: int(count) for host, count in re.findall(r"^(\S+) +: ok=\d+ +changed=(\d+)", output, re.M)}


@pytest.mark.parametrize("strategy", ["linear", "mitogen_linear"])
def test_a_second_run_changes_nothing(cluster, monkeypatch, strategy):
    monkeypatch.setenv("ANSIBLE_STRATEGY", strategy)
    started = time.monotonic()
    run = cluster.playbook("site")
    recap = run.stdout[run.stdout.rindex("PLAY RECAP") :]
    MEASURED.append(f"converging again by {strategy} took {time.monotonic() - started:.0f} s\n{recap}")
    assert run.returncode == 0, run.stdout[-3000:]
    assert set(changes(run.stdout)) == {*cluster.topology.hosts, "localhost"}
    assert set(changes(run.stdout).values()) == {0}


@pytest.mark.long
def test_check_mode_finds_no_difference(cluster):
    run = cluster.playbook("site", "--check", "--diff")
    assert run.returncode == 0, run.stdout[-3000:]
    assert set(changes(run.stdout).values()) == {0}
    assert "\n+++ after" not in run.stdout


@pytest.mark.long
def test_goes_on_after_being_killed_half_way(cluster):
    # Something is to be done again, so that the run is killed in the middle of real work.
    host = cluster.topology.nodes[-1].host
    cluster.host(host).check_output(
        "rm /etc/sysctl.d/60-camgrid.conf /etc/systemd/system/patroni.service.d/camgrid.conf"
    )
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", str(cluster.path), "playbooks/site.yml"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        for line in run.stdout:
            if "TASK [firewall" in line:
                run.send_signal(signal.SIGKILL)
                break
    again = cluster.playbook("site")
    assert again.returncode == 0, again.stdout[-3000:]
    assert changes(again.stdout)[host] > 0
    assert cluster.camgrid("check").returncode == 0


def test_a_wrong_inventory_touches_nothing(cluster, tmp_path):
    shutil.copytree(cluster.path, tmp_path / "wrong")
    path = tmp_path / "wrong/hosts.yml"
    hosts = yaml.safe_load(path.read_text())
    del hosts["etcd"]["hosts"]["svc2"]
    path.write_text(yaml.safe_dump(hosts))
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", tmp_path / "wrong", "playbooks/site.yml"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "even number" in run.stdout
    assert "nothing was touched" in run.stdout
    assert set(changes(run.stdout)) == {"localhost"}


def test_an_unreachable_host_is_named(cluster):
    host = cluster.topology.nodes[-1].host
    subprocess.run([ROOT / "scripts/lab", "stop", "--name", cluster.lab.name, host], check=True)
    try:
        run = cluster.playbook("site", "--check")
        assert run.returncode != 0
        assert re.search(rf"fatal: \[{host}\]: UNREACHABLE", run.stdout)
        checked = cluster.camgrid("check")
        assert checked.returncode == 3
        assert host in checked.stdout
    finally:
        subprocess.run([ROOT / "scripts/lab", "start", "--name", cluster.lab.name, host], check=True)
    deadline = time.monotonic() + 90
    while cluster.camgrid("check").returncode and time.monotonic() < deadline:
        time.sleep(2)
    assert cluster.camgrid("check").stdout == ""
