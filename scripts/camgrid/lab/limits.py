"""Limits of this machine's kernel that many hosts on it reach together; as they were once the last lab has gone."""

from __future__ import annotations

from pathlib import Path

from camgrid.lab.config import STATE, machine_lock

# Containers share one allowance for each user: a host's systemd and its services take about ten each.
_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
_INOTIFY_BEFORE = STATE / "inotify.before"
_INOTIFY_WANTED = 2048


def ensure() -> None:
    """Raises what is too low for several labs side by side."""
    with machine_lock("inotify's limit"):
        if int(_INOTIFY.read_text()) >= _INOTIFY_WANTED:
            return
        if not _INOTIFY_BEFORE.exists():
            _INOTIFY_BEFORE.write_text(_INOTIFY.read_text())
        _INOTIFY.write_text(f"{_INOTIFY_WANTED}\n")


def restore() -> None:
    """Sets back what ensure() raised."""
    if _INOTIFY_BEFORE.exists():
        _INOTIFY.write_text(_INOTIFY_BEFORE.read_text())
        _INOTIFY_BEFORE.unlink()
