"""What roles/upgrade finds on a host: newer versions as apt says them, and what was started before its package."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "roles/upgrade/files/look.py"
SAID = """NOTE: This is only a simulation!
Inst libpq5 [17.11-0+deb13u1] (17.12-0+deb13u1 Debian:13.3/stable [amd64])
Inst postgresql-17 [17.11-0+deb13u1] (17.12-0+deb13u1 Debian:13.3/stable, Debian-Security:13/stable [amd64])
Inst libnew1 (1.0 Debian:13.3/stable [amd64])
Conf libpq5 (17.12-0+deb13u1 Debian:13.3/stable [amd64])
"""


@pytest.fixture
def look():
    spec = importlib.util.spec_from_file_location("look", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answering(monkeypatch, look, stdout: str = "", code: int = 0, stderr: str = "") -> list[list[str]]:
    asked = []

    def run(command, **_):
        asked.append(list(command))
        return subprocess.CompletedProcess(command, code, stdout, stderr)

    monkeypatch.setattr(look.subprocess, "run", run)
    return asked


def test_what_apt_would_replace_is_newer_and_what_it_would_add_is_not(monkeypatch, look):
    answering(monkeypatch, look, SAID)
    found = look.newer(["postgresql-17"])
    assert found == [
        ["libpq5", "17.11-0+deb13u1", "17.12-0+deb13u1"],
        ["postgresql-17", "17.11-0+deb13u1", "17.12-0+deb13u1"],
    ]


def test_apt_is_only_asked(monkeypatch, look):
    asked = answering(monkeypatch, look)
    assert look.newer(["haproxy"]) == []
    (command,) = asked
    assert command[:2] == ["apt-get", "--simulate"]
    assert "--only-upgrade" in command


def test_an_apt_that_cannot_say_ends_it(monkeypatch, look):
    answering(monkeypatch, look, code=100, stderr="E: Could not get lock")
    with pytest.raises(SystemExit, match="Could not get lock"):
        look.newer(["haproxy"])


def test_only_what_is_installed_counts(monkeypatch, look):
    answering(monkeypatch, look, "installed postgresql-17\nconfig-files postgresql-17-old\ninstalled libpq5\n")
    assert look.installed(["postgresql-17*", "libpq5"]) == ["libpq5", "postgresql-17"]


@pytest.mark.parametrize(("unpacked_ago", "stale"), [(100, False), (10, True)])
def test_what_was_started_before_its_package_is_stale(monkeypatch, look, tmp_path, unpacked_ago, stale):
    now = time.time()
    stamp = tmp_path / "started"
    stamp.touch()
    os.utime(stamp, (now - 50, now - 50))
    monkeypatch.setattr(look, "installed", lambda _: ["haproxy"])
    monkeypatch.setattr(look, "newer", lambda _: [])
    monkeypatch.setattr(look, "unpacked", lambda _: now - unpacked_ago)
    found = look.look({"name": "proxy", "packages": ["haproxy"], "stamp": str(stamp)})
    assert found == {"name": "proxy", "installed": ["haproxy"], "newer": [], "stale": stale}


def test_what_does_not_run_is_not_stale(monkeypatch, look, tmp_path):
    monkeypatch.setattr(look, "installed", lambda _: ["haproxy"])
    monkeypatch.setattr(look, "newer", lambda _: [])
    monkeypatch.setattr(look, "unpacked", lambda _: time.time())
    for where in ({"stamp": str(tmp_path / "none")}, {"pidfile": str(tmp_path / "none")}):
        assert look.look({"name": "proxy", "packages": ["haproxy"]} | where)["stale"] is False


def test_a_process_is_as_old_as_it_is(look, tmp_path):
    pidfile = tmp_path / "postmaster.pid"
    pidfile.write_text(f"{os.getpid()}\n/var/lib/postgresql\n")
    since = look.runs_since({"pidfile": str(pidfile)})
    assert time.time() - 24 * 3600 < since <= time.time()
