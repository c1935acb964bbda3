"""Provisions the virtual machine with the project's own playbooks, from an inventory of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from camgrid.lab import aptcache
from tests.vm.machine import Machine
from tests.vm.network import SUBNET

ROOT = Path(__file__).resolve().parents[2]
HOST = "vm1"


@dataclass(frozen=True)
class Run:
    """What came of a playbook: its exit code, what it printed, and how many tasks changed the machine."""

    code: int
    text: str

    @property
    def changed(self) -> int:
        """The machine's number behind changed= in the recap; -1 when the run did not get to it."""
        found = re.search(rf"^{HOST} +: ok=\d+ +changed=(\d+)", self.text, re.M)
        return int(found.group(1)) if found else -1

    @property
    def flat(self) -> str:
        """What it printed, with the line breaks of the terminal taken out, to look for sentences in."""
        return " ".join(self.text.split())


def write_inventory(machine: Machine, directory: Path, **variables: Any) -> Path:
    """An inventory with the machine as its one host, in phase foundation. variables: what else its host is told."""
    directory.mkdir(parents=True, exist_ok=True)
    networks = [str(SUBNET)]
    content = {
        "all": {
            "vars": {
                "camgrid_cluster": "vm",
                "camgrid_phase": "foundation",
                "camgrid_admin_networks": networks,
                "camgrid_client_networks": networks,
            }
        },
        "coordinator": {"hosts": {HOST: machine.variables | variables}},
        **{group: {"hosts": {HOST: {}}} for group in ("etcd", "proxy", "monitor", "region_main")},
    }
    (directory / "hosts.yml").write_text(yaml.safe_dump(content, sort_keys=False))
    return directory


def give_up(machine: Machine, mount: str) -> None:
    """Takes a volume from the machine as docs/storage.md says; the drive keeps what is on it."""
    machine.host.check_output(f"umount {mount} && sed --in-place '\\| {mount} |d' /etc/fstab")


def playbook(inventory: Path, name: str, *arguments: str, extra: dict[str, Any] | None = None) -> Run:
    """Runs a playbook against the machine, as an operator does. extra: what `-e` says."""
    aptcache.ensure()  # a lab that went away meanwhile may have stopped it
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", inventory, f"playbooks/{name}.yml", *arguments]
    command += ["--extra-vars", json.dumps(extra)] if extra else []
    environment = os.environ | {"ANSIBLE_NOCOLOR": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        list(map(str, command)), cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=3600
    )
    return Run(done.returncode, done.stdout + done.stderr)
