"""A host of a lab: starts it, stops it, pulls its plug, freezes it, and talks to it."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from camgrid.errors import CamgridError, UsageError
from camgrid.lab import mounts
from camgrid.lab.config import Lab
from camgrid.lab.rootfs import Surroundings, prepare
from camgrid.lab.run import run
from camgrid.lab.unit import Unit

PACKAGES_IN_HOST = "/var/cache/camgrid/packages"
# The kernel stops a process when it next leaves the kernel, which is at once unless it waits for a disk.
_FREEZE_TIMEOUT_S = 10


def unit(lab: Lab, host: str) -> Unit:
    """The process tree that the host is."""
    return Unit(f"{lab.name}-{host}")


def running(lab: Lab, host: str) -> bool:
    """Whether the host runs, booting included."""
    return unit(lab, host).alive()


def start(lab: Lab, host: str, address: str, surroundings: Surroundings, packages: Path | None) -> None:
    """Switches the host on, with a new disk when it has none. packages: shown to it read-only, if any."""
    if running(lab, host):
        return
    root = prepare(lab, host, address, surroundings)
    machine = f"{lab.name}-{host}"
    _clear_after(machine)
    close_connection(lab, address)
    (lab.host_dir(host) / "address").write_text(address)
    unit(lab, host).start(
        [
            "systemd-nspawn",
            "--quiet",
            "--boot",
            "--register=no",
            "--keep-unit",
            "--settings=no",
            f"--directory={root}",
            f"--machine={machine}",
            f"--hostname={host}",
            f"--network-bridge={lab.bridge}",
            *([f"--bind-ro={packages}:{PACKAGES_IN_HOST}"] if packages else []),
            # As high as systemd sets it on bare metal, whatever this machine gave to us.
            "--rlimit=NOFILE=1024:524288",
            "--resolv-conf=off",
            "--timezone=off",
            "--link-journal=no",
            "--console=read-only",
        ],
        lab.host_dir(host) / "console.log",
    )


def _clear_after(machine: str) -> None:
    """Removes what a killed host leaves on this machine: its interface for a moment, a mount of newer systemds."""
    run(["ip", "link", "del", "dev", f"vb-{machine}"], check=False)
    exported = Path("/run/systemd/nspawn/unix-export", machine)
    if exported.exists():
        mounts.unmount_below(exported)
        exported.rmdir()


def stop(lab: Lab, host: str, seconds: float = 120) -> None:
    """Shuts the host down as its power button would."""
    address = lab.address(host)
    if not running(lab, host):
        return
    close_connection(lab, address)
    unit(lab, host).terminate("supervisor")
    if not unit(lab, host).wait_gone(seconds):
        raise CamgridError(
            f"it has not shut down within {seconds:.0f} s",
            where=host,
            hint=f"look at {lab.host_dir(host) / 'console.log'}, or pull its plug: scripts/lab kill {host}",
        )
    unit(lab, host).forget()


def kill(lab: Lab, host: str) -> None:
    """Pulls the host's plug: all its processes end at once and nobody hears a goodbye."""
    address = lab.address(host)
    pull_plug(lab, host)
    close_connection(lab, address)


def pull_plug(lab: Lab, host: str) -> None:
    """Ends all that runs as the host, whether the lab knows it or not."""
    unit(lab, host).kill()
    _clear_after(f"{lab.name}-{host}")


def freeze(lab: Lab, host: str) -> None:
    """Stops all processes of the host where they stand. Its kernel still answers for them: connections stay open."""
    _set_frozen(lab, host, frozen=True)


def thaw(lab: Lab, host: str) -> None:
    """Lets a frozen host go on as if no time had passed. One that is not frozen, or not running, is fine."""
    if running(lab, host):
        _set_frozen(lab, host, frozen=False)


def is_frozen(lab: Lab, host: str) -> bool:
    """Whether every process of the host stands still."""
    try:
        return "frozen 1" in (unit(lab, host).cgroup / "cgroup.events").read_text()
    except FileNotFoundError:
        return False


def _set_frozen(lab: Lab, host: str, *, frozen: bool) -> None:
    lab.address(host)  # says which hosts there are when there is none of that name
    if not running(lab, host):
        raise UsageError("it does not run", where=host, hint=f"scripts/lab start {host}")
    (unit(lab, host).cgroup / "cgroup.freeze").write_text("1" if frozen else "0")
    deadline = time.monotonic() + _FREEZE_TIMEOUT_S
    while is_frozen(lab, host) != frozen:
        if time.monotonic() > deadline:
            raise CamgridError(
                f"its processes have not {'stopped' if frozen else 'gone on'} within {_FREEZE_TIMEOUT_S} s",
                where=host,
                hint="one of them waits for a disk that does not answer; look at `cat /proc/PID/stack`",
            )
        time.sleep(0.02)


def close_connection(lab: Lab, address: str) -> None:
    """Ends the SSH connection that Ansible may share to a host: it would hang once the host has gone."""
    shared = lab.control_sockets / address
    if shared.exists():
        run(["ssh", "-F", "none", "-o", f"ControlPath={shared}", "-O", "exit", address], check=False)
        shared.unlink(missing_ok=True)


def ssh_command(lab: Lab, address: str, *command: str) -> list[str]:
    """The ssh command line to root of a host; no connection is shared with Ansible's."""
    options = [
        f"UserKnownHostsFile={lab.known_hosts}",
        "StrictHostKeyChecking=yes",
        "IdentitiesOnly=yes",
        "ConnectTimeout=10",
        "LogLevel=ERROR",
    ]
    return [
        "ssh",
        "-F",
        "none",
        "-i",
        str(lab.key),
        *(word for each in options for word in ("-o", each)),
        f"root@{address}",
        *command,
    ]


def wait_for_ssh(lab: Lab, addresses: Mapping[str, str], seconds: float = 90) -> None:
    """Waits until root can log in on every host and it has finished booting. CamgridError names who does not."""
    deadline = time.monotonic() + seconds
    pending = dict(addresses)
    while pending:
        for host, address in list(pending.items()):
            if not running(lab, host):
                raise CamgridError("it ended while it booted:\n" + _last_words(lab, host), where=host)
            if answers(address):
                del pending[host]
        if pending and time.monotonic() > deadline:
            host, address = next(iter(pending.items()))
            raise CamgridError(
                f"no SSH after {seconds:.0f} s; the last of its console:\n" + _last_words(lab, host),
                where=f"{host} ({address}:22)",
                hint="run `scripts/lab up` again",
            )
        time.sleep(0.1)
    # Exit codes of is-system-running tell degraded from running; both have finished booting.
    check = ["timeout", "60", "systemctl", "is-system-running", "--wait", "||", "true"]
    waiting = {
        host: subprocess.Popen(
            ssh_command(lab, address, *check),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for host, address in addresses.items()
    }
    for host, process in waiting.items():
        complaint = process.communicate()[1]
        if process.returncode:
            raise CamgridError(f"root cannot log in: {complaint.strip()}", where=f"{host} ({addresses[host]}:22)")


def answers(address: str) -> bool:
    """Whether an SSH server greets at address."""
    try:
        with socket.create_connection((address, 22), timeout=0.5) as connection:
            connection.settimeout(2)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _last_words(lab: Lab, host: str, lines: int = 15) -> str:
    console = lab.host_dir(host) / "console.log"
    text = console.read_text(errors="replace") if console.exists() else ""
    return "\n".join(text.splitlines()[-lines:])
