"""roles/pgbackrest/files/pgbackrest-push: pgBackRest's answer, but for the end of a timeline that others archived."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

PUSH = Path(__file__).resolve().parents[2] / "roles/pgbackrest/files/pgbackrest-push"
DIFFERENT = 45
HISTORY = "15\t0/1F04BF50\tno recovery target specified\n\n16\t0/20025AA0\tat restore point\n\n17\t2/A026168\tnone\n"


@pytest.fixture
def push(tmp_path):
    """Runs it for a file of WAL, with a pgBackRest that ends with a code."""
    wal = tmp_path / "pg_wal"
    wal.mkdir()
    (wal / "00000012.history").write_text(HISTORY)
    program = tmp_path / "pgbackrest"

    def run(name: str, code: int) -> subprocess.CompletedProcess[str]:
        with (wal / name).open("w") as file:
            file.truncate(16 * 1024 * 1024)
        program.write_text(f'#!/bin/sh\necho "$@"\nexit {code}\n')
        program.chmod(0o755)
        environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        command = ["sh", PUSH, "lab-0", f"pg_wal/{name}"]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run


def test_it_is_pgbackrests_own_command(push):
    done = push("000000100000000000000020", 0)
    assert (done.returncode, done.stdout) == (0, "--stanza=lab-0 archive-push pg_wal/000000100000000000000020\n")


@pytest.mark.parametrize(
    "name",
    [
        "000000100000000000000020",
        "000000100000000000000021",
        "000000100000000000000020.partial",
        "00000011000000020000000A",
    ],
)
def test_the_end_of_a_timeline_that_the_repository_has_otherwise_is_left_out(push, name):
    done = push(name, DIFFERENT)
    assert done.returncode == 0
    assert f"{name} is left out: timeline" in done.stderr


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("00000010000000000000001F", DIFFERENT),  # before its end: both servers have written the same
        ("000000110000000200000009", DIFFERENT),
        ("000000120000000000000020", DIFFERENT),  # of the timeline that goes on
        ("00000013.history", DIFFERENT),
        ("000000100000000000000020", 103),
        ("000000100000000000000020", 1),
    ],
)
def test_every_other_refusal_stands(push, name, code):
    assert push(name, code).returncode == code


def test_without_a_history_a_refusal_stands(push, tmp_path):
    (tmp_path / "pg_wal/00000012.history").unlink()
    assert push("000000100000000000000020", DIFFERENT).returncode == DIFFERENT
