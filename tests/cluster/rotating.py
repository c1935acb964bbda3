"""playbooks/rotate_secrets.yml as the tests run it: to its end, or killed on its way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.cluster.support import MEASURED, ROOT, Cluster


def command(cluster: Cluster, *words: str) -> list[str | Path]:
    """What is run."""
    return [
        Path(sys.executable).with_name("ansible-playbook"),
        "-i",
        cluster.path,
        "playbooks/rotate_secrets.yml",
        *words,
    ]


def rotate(cluster: Cluster, *words: str) -> str:
    """Runs it to its end. Returns what it said."""
    began = time.monotonic()
    told = subprocess.run(command(cluster, *words), cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr
    MEASURED.append(f"rotate_secrets.yml {' '.join(words)} took {time.monotonic() - began:.0f} s")
    return told.stdout + told.stderr


def killed_at(cluster: Cluster, line: str, *words: str) -> None:
    """Runs it until it says a line, and kills it there with all that it has started."""
    with subprocess.Popen(
        command(cluster, *words), cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        for each in process.stdout:
            if line in each:
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
