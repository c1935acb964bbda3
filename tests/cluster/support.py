"""A lab's cluster in the words of the tests: `cluster.coordinator_value("SELECT …")`, `cluster.camgrid("status")`."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
import pytest
import testinfra
import yaml
from psycopg import sql

from camgrid import connect, patroni
from camgrid.inventory import Inventory, load
from camgrid.lab import host as hosts
from camgrid.lab.config import Lab
from camgrid.lab.inventory import inventory_of
from camgrid.topology import Node, Topology, build

ROOT = Path(__file__).resolve().parents[2]


# What tests measured; shown at the end of the run.
MEASURED: list[str] = []


def wait_until(condition: Callable[[], object], seconds: float) -> None:
    """Waits until condition holds; an assertion error when it does not within seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s"
        time.sleep(0.5)


def lab_cluster() -> Cluster:
    """The cluster of the lab that the runner names; a usage error without one, so that nothing passes unseen."""
    name = os.environ.get("CAMGRID_TEST_LAB")
    if not name:
        raise pytest.UsageError("these tests need a lab: ./scripts/test --tier horiz, or set CAMGRID_TEST_LAB")
    return Cluster(Lab.open(name))


class Cluster:
    """A cluster that runs in a lab."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.path = inventory_of(lab)

    @cached_property
    def inventory(self) -> Inventory:
        """The lab's inventory."""
        return load(self.path)

    @cached_property
    def topology(self) -> Topology:
        """What the inventory means."""
        return build(self.inventory)

    def host(self, name: str) -> Any:
        """A host for testinfra, over the same SSH that Ansible uses."""
        return testinfra.get_host(f"ssh://root@{self.topology.hosts[name]}", ssh_config=str(self._ssh_config))

    @cached_property
    def _ssh_config(self) -> Path:
        variables = next(iter(self.inventory.hosts.values()))
        words = [word for word in shlex.split(variables["ansible_ssh_common_args"]) if word != "-o"]
        options = [f"IdentityFile={variables['ansible_ssh_private_key_file']}", *words]
        path = ROOT / f".cache/tests/ssh_config.{self.lab.name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{option.replace('=', ' ', 1)}\n" for option in options))
        return path

    def connect(self, role: str, **options: Any) -> psycopg.Connection:
        """A connection to the coordinator's primary."""
        return connect.to_cluster(self.inventory, self.topology, role, **({"autocommit": True} | options))

    def connect_to(self, node: Node, role: str, **options: Any) -> psycopg.Connection:
        """A connection to one node, whatever it is now."""
        wanted = connect.parameters(self.inventory, self.topology, role)
        wanted |= {"host": node.address, "port": 5432, "target_session_attrs": "any", "autocommit": True}
        return psycopg.connect(**(wanted | options))

    def rows(self, query: str, *parameters: Any, role: str = "admin") -> list[tuple]:
        """What a query on the coordinator's primary returns."""
        with self.connect(role) as conn:
            return conn.execute(query, parameters or None).fetchall()

    def value(self, query: str, *parameters: Any, role: str = "admin") -> Any:
        """The one value that a query returns."""
        return self.rows(query, *parameters, role=role)[0][0]

    def drop_partition(self, name: str) -> None:
        """Removes a partition that a test made, with its rows."""
        with self.connect("admin") as conn:
            conn.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier("camgrid", name)))

    def members(self) -> list[patroni.Member]:
        """All members as Patroni sees them."""
        return patroni.members(self.inventory, self.topology)

    def leader(self, group: int) -> Node:
        """The node that leads a group now."""
        leads = {member.name for member in self.members() if member.role == "leader"}
        return next(node for node in self.topology.group(group) if node.host in leads)

    def camgrid(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Runs the command against this cluster; never raises for its exit code."""
        command = [sys.executable, "-m", "camgrid", "-i", str(self.path), *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600, **options)

    def json(self, *arguments: str) -> Any:
        """What the command says with --json, whatever its exit code."""
        return json.loads(self.camgrid(*arguments, "--json").stdout)

    def playbook(self, name: str, *arguments: str, inventory: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a playbook against this cluster, or with another inventory; never raises for its exit code."""
        where = str(inventory or self.path)
        command = [Path(sys.executable).with_name("ansible-playbook"), "-i", where, f"playbooks/{name}.yml"]
        return subprocess.run(
            [*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=900
        )

    def role(self, name: str, host: str, directory: Path, **inputs: Any) -> subprocess.CompletedProcess[str]:
        """Runs one role with these inputs alone on a host. directory: where its play is written."""
        roles = [{"role": str(ROOT / "roles" / name), "vars": inputs}]
        path = directory / "play.yml"
        # A plain string: Ansible marks where its own came from, which YAML cannot write.
        path.write_text(yaml.safe_dump([{"hosts": str(host), "gather_facts": True, "roles": roles}]))
        command = [Path(sys.executable).with_name("ansible-playbook"), "-i", str(self.path), str(path)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=900)

    def run_there(self, script: str, told: Any, address: str | None) -> Any:
        """What a script of on_hosts/ prints as JSON on the host of an address, here without one. told: its input."""
        text = (Path(__file__).parent / f"on_hosts/{script}.py").read_text()
        there = hosts.ssh_command(self.lab, address, shlex.join(["python3", "-c", text])) if address else []
        command = there or ["python3", "-c", text]
        done = subprocess.run(command, input=json.dumps(told), capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def without_postgresql(self) -> str:
        """A host that runs no PostgreSQL."""
        return next(name for name in self.topology.hosts if not self.topology.node(name))

    def journals(self, lines: int = 15) -> str:
        """The last lines of every node's Patroni and PostgreSQL."""
        said = []
        for node in self.topology.nodes:
            command = f"journalctl --unit=patroni --lines={lines} --no-pager --output=cat"
            try:
                said.append(f"--- {node.host}\n{self.host(node.host).run(command).stdout}")
            except RuntimeError as error:  # a test that failed while its host was off
                said.append(f"--- {node.host}\n{error}")
        return "\n".join(said)
