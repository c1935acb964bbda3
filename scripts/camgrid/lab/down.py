"""`lab down`: leaves nothing of a lab, however it came to be. It goes by names, never by what a record says."""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

from camgrid.console import say
from camgrid.errors import CamgridError
from camgrid.lab import aptcache, cut, host, image, inventory, limits, machine, mounts, network
from camgrid.lab.config import Lab, all_labs, lab_lock, machine_lock
from camgrid.lab.unit import units_like


def down(lab: Lab, *, purge: bool = False) -> None:
    """Removes the lab's hosts, disks, network and secrets; with purge the image and the apt cache as well."""
    machine.check_kind()
    with lab_lock(lab):
        for unit in units_like(f"{lab.name}-"):
            host.pull_plug(lab, unit.name.removeprefix(f"{lab.name}-"))
        _kill_strays(lab)
        for shared in lab.control_sockets.glob("*"):
            host.close_connection(lab, shared.name)
        mounts.unmount_below(lab.directory)
        cut.heal_all(lab)
        network.remove(lab)
        inventory.remove(lab)
        if lab.directory.exists():
            shutil.rmtree(lab.directory)
    _leave_machine(purge)


def _leave_machine(purge: bool) -> None:
    """Gives back what the labs shared, once the last of them has gone."""
    with machine_lock("the end of the last lab"):
        others = [each.name for each in all_labs()]
        if others:
            if purge:
                say("image and apt cache are kept: used by lab " + ", ".join(others))
            return
        aptcache.stop()
        network.restore_forwarding()
        limits.restore()
    if purge:
        image.purge()
        aptcache.purge()


def _kill_strays(lab: Lab) -> None:
    """Ends containers of the lab that are in none of its cgroups. A container ends with its systemd-nspawn."""
    strays = _strays(lab)
    for pid in strays:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while strays and _strays(lab):
        if time.monotonic() > deadline:
            raise CamgridError("containers do not end though they were killed", where=f"processes {_strays(lab)}")
        time.sleep(0.1)


def _strays(lab: Lab) -> list[int]:
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = command.read_bytes().decode(errors="replace").split("\0")
            if any(word.startswith(f"--directory={lab.directory}/hosts/") for word in words):
                found.append(int(command.parent.name))
    return found
