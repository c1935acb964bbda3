"""The virtual machine: a bare Debian 13 with emulated NVMe drives, started, restarted and unplugged by the tests."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import testinfra

from camgrid.lab import aptcache
from camgrid.lab.run import run
from tests.vm import image
from tests.vm.network import ADDRESS, SUBNET

BOOT_DRIVE = "CGBOOT"
# What emulation takes; a boot was seen to take 40 s on two free cores.
PATIENCE_S = 900

KERNEL = (
    f"root=LABEL={image.ROOT_LABEL} rw console=ttyS0 mitigations=off",
    # Their hour may strike while a playbook wants the package manager.
    "systemd.mask=apt-daily.timer systemd.mask=apt-daily-upgrade.timer",
)


@dataclass(frozen=True)
class Drive:
    """An NVMe drive. serial: what the host knows it by; sector: bytes of its logical blocks."""

    serial: str
    size_mb: int = 1024
    sector: int = 512


@dataclass
class Machine:
    """One run of a virtual machine; its disks are in a directory of its own and are gone with it."""

    drives: Sequence[Drive]
    memory_mb: int = 3072
    cpus: int = 2
    # Ports of the machine that are reached at its own address from here as well; that address must be on loopback.
    ports: Sequence[int] = ()
    directory: Path = field(init=False)
    ssh_port: int = field(init=False)
    boots_s: list[float] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        aptcache.ensure()
        self._image = image.ensure(aptcache.url())
        self.directory = image.run_directory()
        self.ssh_port = _free_port()
        overlay = ["-b", self._image / "root.img", "-F", "raw", self.directory / "root.qcow2"]
        run(["qemu-img", "create", "-q", "-f", "qcow2", *overlay])
        for drive in self.drives:
            run(["truncate", f"--size={drive.size_mb}M", self._disk(drive)])
        kind, key, *_ = (self._image / "known_host").read_text().split()
        (self.directory / "known_hosts").write_text(f"[127.0.0.1]:{self.ssh_port} {kind} {key}\n")
        (self.directory / "ssh_config").write_text("".join(f"{name} {value}\n" for name, value in self._ssh().items()))

    def start(self, without: Sequence[Drive] = ()) -> None:
        """Plugs it in and waits until root can log in. without: drives that have been taken out."""
        with (self.directory / "console.log").open("ab") as log:
            # It ends with us, however we end.
            command = ["setpriv", "--pdeathsig", "KILL", *map(str, self._command(without))]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._wait(since="")

    def cut(self) -> None:
        """Pulls the plug: what was not written to its disks is lost, as far as an emulated drive can lose it."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def reboot(self) -> None:
        """Reboots it as an operator does, and waits until root can log in to the next boot."""
        before = self.host.check_output("cat /proc/sys/kernel/random/boot_id")
        self.host.run("systemctl reboot")
        self._wait(since=before)

    def remove(self) -> None:
        """Unplugs it and removes its disks."""
        self.cut()
        shutil.rmtree(self.directory)

    @property
    def host(self) -> Any:
        """The machine for testinfra, over SSH."""
        return testinfra.get_host("ssh://vm", ssh_config=str(self.directory / "ssh_config"))

    @property
    def variables(self) -> dict[str, Any]:
        """How an inventory reaches it. Its own address is another one than the one that SSH uses."""
        options = f"-o UserKnownHostsFile={self.directory}/known_hosts -o IdentitiesOnly=yes"
        return {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.ssh_port,
            "camgrid_address": ADDRESS,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self._image / "ssh_key"),
            "ansible_ssh_common_args": options,
            # One that another run of a machine left open is not ours.
            "ansible_control_path_dir": str(self.directory / "cp"),
            "ansible_control_path": "%(directory)s/%%h",
        }

    def _ssh(self) -> dict[str, Any]:
        return {
            "Host": "vm\nHostName 127.0.0.1\nUser root",
            "Port": self.ssh_port,
            "IdentityFile": self._image / "ssh_key",
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": self.directory / "known_hosts",
            "ConnectTimeout": 5,
        }

    def _disk(self, drive: Drive) -> Path:
        return self.directory / f"{drive.serial}.raw"

    def _command(self, without: Sequence[Drive]) -> list[str | Path]:
        forwards = [f"hostfwd=tcp:127.0.0.1:{self.ssh_port}-:22"]
        forwards += [f"hostfwd=tcp:{ADDRESS}:{port}-:{port}" for port in self.ports]
        network = ["user", "id=net0", f"net={SUBNET}", f"dhcpstart={ADDRESS}", *forwards]
        command: list[str | Path] = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none"]
        command += ["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max"]
        command += ["-smp", str(self.cpus), "-m", str(self.memory_mb), "-serial", "stdio"]
        # Two nodes, as a host with two sockets has them.
        for node in range(2):
            memory = f"memory-backend-ram,id=node{node},size={self.memory_mb // 2}M"
            command += ["-object", memory, "-numa", f"node,nodeid={node},memdev=node{node},cpus={node}"]
        command += [
            "-kernel",
            self._image / "vmlinuz",
            "-initrd",
            self._image / "initrd.img",
            "-append",
            " ".join(KERNEL),
        ]
        command += ["-netdev", ",".join(network), "-device", "virtio-net-pci,netdev=net0", "-device", "virtio-rng-pci"]
        command += _nvme("boot", self.directory / "root.qcow2", "qcow2", Drive(BOOT_DRIVE))
        for number, drive in enumerate(drive for drive in self.drives if drive not in without):
            command += _nvme(f"drive{number}", self._disk(drive), "raw", drive)
        return command

    def _wait(self, since: str) -> None:
        """Waits for the first boot with another id than since."""
        started = time.monotonic()
        ssh = ["ssh", "-F", self.directory / "ssh_config", "vm", "cat /proc/sys/kernel/random/boot_id"]
        ready = "systemctl is-system-running --wait"
        while True:
            answer = subprocess.run(ssh, capture_output=True, text=True, check=False).stdout.strip()
            if answer not in ("", since):
                break
            console = (self.directory / "console.log").read_text(errors="replace")[-2000:]
            assert self._process is not None
            assert self._process.poll() is None, f"QEMU ended:\n{console}"
            assert time.monotonic() - started < PATIENCE_S, f"it does not boot:\n{console}"
            time.sleep(1)
        subprocess.run([*ssh[:-1], ready], capture_output=True, check=False, timeout=PATIENCE_S)
        self.boots_s.append(time.monotonic() - started)


def _nvme(name: str, file: Path, form: str, drive: Drive) -> list[str]:
    backend = f"if=none,id={name},file={file},format={form},cache=unsafe,discard=unmap,detect-zeroes=unmap"
    blocks = f"logical_block_size={drive.sector},physical_block_size=4096"
    return ["-drive", backend, "-device", f"nvme,drive={name},serial={drive.serial},{blocks}"]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
