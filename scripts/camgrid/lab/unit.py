"""A process tree of its own, that is found again without pid files and ends as a whole: a cgroup.

Where systemd runs the machine the tree is a transient service, since systemd wants to know every cgroup;
elsewhere it is a cgroup made here. Either way the kernel keeps the list of its processes and kills all of
them at once, which is as close to pulling the plug as a container gets.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from camgrid.errors import CamgridError
from camgrid.lab.run import run

# systemd-nspawn ends with this code when its container reboots and the unit is not its own.
REBOOT = 133


@dataclass(frozen=True)
class Unit:
    """A named process tree of this machine."""

    name: str

    @property
    def cgroup(self) -> Path:
        if under_systemd():
            return cgroup_root() / "camgrid.slice" / f"camgrid-{self.name}.service"
        return cgroup_root() / "camgrid" / self.name

    def start(self, command: Sequence[str | Path], log: Path, *, user: str | None = None) -> None:
        """Starts command, detached from us, with its output appended to log."""
        words = [str(word) for word in command]
        if under_systemd():
            self._start_by_systemd(words, log, user)
            return
        self.cgroup.mkdir(parents=True, exist_ok=True)
        if user:
            words = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *words]
        # The shell goes into the cgroup before it starts anything, and starts again what wants to reboot.
        script = f'echo $$ >"$0/cgroup.procs" || exit; while "$@"; [ $? = {REBOOT} ]; do :; done'
        with log.open("a") as output:
            subprocess.run(
                ["setsid", "--fork", "sh", "-c", script, str(self.cgroup), *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                check=True,
                env={**os.environ, **_ENVIRONMENT},
            )
        deadline = time.monotonic() + 5
        while not self.alive() and time.monotonic() < deadline:
            time.sleep(0.01)

    def _start_by_systemd(self, words: list[str], log: Path, user: str | None) -> None:
        properties = [
            "Delegate=yes",
            "KillMode=mixed",
            "TasksMax=infinity",
            "OOMPolicy=continue",
            f"RestartForceExitStatus={REBOOT}",
            f"SuccessExitStatus={REBOOT}",
            f"StandardOutput=append:{log}",
            f"StandardError=append:{log}",
        ]
        if user:
            properties.append(f"User={user}")
        run(
            [
                "systemd-run",
                "--quiet",
                "--collect",
                "--slice=camgrid.slice",
                f"--unit=camgrid-{self.name}",
                *(f"--property={each}" for each in properties),
                *(f"--setenv={key}={value}" for key, value in _ENVIRONMENT.items()),
                "--",
                *words,
            ]
        )

    def alive(self) -> bool:
        """Whether any process of it is left."""
        try:
            return "populated 1" in (self.cgroup / "cgroup.events").read_text()
        except FileNotFoundError:
            return False

    def pids(self, part: str = "") -> list[int]:
        """Its processes, or those of a cgroup below it."""
        try:
            return [int(pid) for pid in (self.cgroup / part / "cgroup.procs").read_text().split()]
        except (FileNotFoundError, OSError):
            return []

    def terminate(self, part: str = "") -> None:
        """Asks its processes, or those of a cgroup below it, to end."""
        for pid in self.pids(part):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def wait_gone(self, seconds: float) -> bool:
        """Whether it ends within seconds."""
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def kill(self) -> None:
        """Ends every process of it at once and forgets it. Nothing to do is fine."""
        with suppress(FileNotFoundError):
            (self.cgroup / "cgroup.kill").write_text("1")
        if not self.wait_gone(20):
            raise CamgridError(
                "processes do not end though they were killed",
                where=str(self.cgroup),
                hint="they wait for a disk that does not answer; look at `cat /proc/PID/stack`",
            )
        self.forget()

    def forget(self) -> None:
        """Removes what is left of an ended tree; under systemd --collect has done it."""
        if under_systemd() or not self.cgroup.is_dir():
            return
        for directory, _, _ in os.walk(self.cgroup, topdown=False):
            with suppress(FileNotFoundError):
                Path(directory).rmdir()
        with suppress(OSError):
            self.cgroup.parent.rmdir()


def units_like(prefix: str) -> list[Unit]:
    """Units whose name starts with prefix, as the kernel knows them."""
    example = Unit(f"{prefix}*").cgroup
    before, after = example.name.split("*")
    return [
        Unit(prefix + found.name.removeprefix(before).removesuffix(after))
        for found in sorted(example.parent.glob(example.name))
        if found.is_dir()
    ]


# An older systemd on the machine would give containers the cgroup layout that trixie's has no use for.
_ENVIRONMENT = {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}


def under_systemd() -> bool:
    """Whether systemd runs this machine (in a container image, for one, it does not)."""
    return Path("/run/systemd/system").is_dir()


@cache
def cgroup_root() -> Path:
    """Where the machine's cgroups of the second version are mounted."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, directory, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(directory)
    raise CamgridError(
        "this machine mounts no cgroup2 file system, which the lab keeps its hosts apart with",
        hint="mount -t cgroup2 none /sys/fs/cgroup/unified",
    )
