"""A host of the inventory over SSH, reached with the same variables that Ansible uses."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator

from camgrid.errors import CamgridError, UsageError
from camgrid.inventory import Inventory

_PIECE = 256 * 1024


class Host:
    """A host by its name in the inventory. UsageError for one that is not there."""

    def __init__(self, inventory: Inventory, name: str) -> None:
        if name not in inventory.hosts:
            raise UsageError(f"no host {name} in the inventory", where=str(inventory.path))
        self.name, self._variables = name, inventory.hosts[name]

    def command(self, command: str) -> list[str]:
        """The local command that runs a shell command as root of the host."""
        var = self._variables.get
        user = var("ansible_user") or var("ansible_ssh_user")
        words = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"]
        words += ["-i", str(var("ansible_ssh_private_key_file"))] if var("ansible_ssh_private_key_file") else []
        words += ["-p", str(var("ansible_port"))] if var("ansible_port") else []
        for name in ("ansible_ssh_common_args", "ansible_ssh_extra_args"):
            words += shlex.split(str(var(name) or ""))
        target = str(var("ansible_host", self.name))
        shell = f"sh -c {shlex.quote(command)}"
        return [*words, f"{user}@{target}" if user else target, shell if user == "root" else f"sudo -n {shell}"]

    def run(self, command: str, given: str = "") -> str:
        """What a shell command as root of the host prints. given: its stdin. CamgridError when it fails."""
        done = subprocess.run(
            self.command(command), input=given, text=True, errors="replace", capture_output=True, check=False
        )
        if done.returncode:
            last = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-8:])
            hint = "can Ansible reach it? ansible -m ping" if done.returncode == 255 else ""
            raise CamgridError(f"a command there failed ({done.returncode}): {last}", where=self.name, hint=hint)
        return done.stdout

    def stream(self, command: str, given: str = "") -> Iterator[bytes]:
        """What a shell command as root of the host prints, piece by piece. CamgridError when it fails, at the end."""
        with subprocess.Popen(
            self.command(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as running:
            running.stdin.write(given.encode())
            running.stdin.close()
            yield from iter(lambda: running.stdout.read(_PIECE), b"")
            complaint = running.stderr.read().decode(errors="replace").strip()
        if running.returncode:
            raise CamgridError(f"a command there failed ({running.returncode}): {complaint}", where=self.name)
