"""Runs other programs: quietly with their last words in the error, or streamed to terminal and log."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from camgrid.errors import CamgridError

# Before a command that takes long: were we killed with no time to stop it, it is to end with us.
TIED = ("setpriv", "--pdeathsig", "TERM")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def run(
    command: Sequence[str | Path], *, stdin: str = "", check: bool = True, hint: str = "", patience: float = 15
) -> str:
    """Runs command to its end and returns its stdout. CamgridError with its last lines when it fails.

    patience: how many seconds it gets to end by itself when we are interrupted.
    """
    if not shutil.which(command[0]):
        if check:
            raise CamgridError(f"{command[0]} is not installed on this machine", hint=hint)
        return ""
    pipe = subprocess.PIPE
    with _child(command, patience, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        output, complaint = process.communicate(stdin)
    if check and process.returncode:
        last = "\n".join((complaint.strip() or output.strip()).splitlines()[-8:])
        raise CamgridError(f"{_shown(command)} failed ({process.returncode}): {last}", hint=hint)
    return output


def succeeds(command: Sequence[str | Path]) -> bool:
    """Whether command is there and ends with 0; what it says is of no interest."""
    if not shutil.which(command[0]):
        return False
    with _child(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        return process.wait() == 0


def call(command: Sequence[str | Path], *, cwd: Path) -> int:
    """Runs command on our own terminal and returns its exit code."""
    sys.stdout.flush()
    with _child([*TIED, *command], cwd=cwd) as process:
        return process.wait()


def stream(command: Sequence[str | Path], log: Path, *, cwd: Path, env: Mapping[str, str] | None = None) -> int:
    """Runs command with its output on stderr and, without colours, in log. Returns its exit code."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("a") as file,
        _child(
            [*TIED, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env={**os.environ, **(env or {})},
        ) as process,
    ):
        file.write(f"$ {_shown(command)}\n")
        for line in process.stdout or ():
            sys.stderr.write(line)
            sys.stderr.flush()
            file.write(_COLOUR.sub("", line))
            file.flush()
        return process.wait()


@contextmanager
def _child(command: Sequence[str | Path], patience: float = 15, **options: object) -> Iterator[subprocess.Popen[str]]:
    """A child that does not outlive us when we are interrupted, and may clean up after itself for so many seconds."""
    process = subprocess.Popen([str(word) for word in command], text=True, **options)  # type: ignore[call-overload]
    try:
        yield process
    except BaseException:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
        raise
    finally:
        for each in (process.stdin, process.stdout, process.stderr):
            if each:
                each.close()


def _shown(command: Sequence[str | Path]) -> str:
    return shlex.join(str(word) for word in command)
