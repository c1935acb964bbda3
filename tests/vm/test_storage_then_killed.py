"""A machine that loses its power while volumes are made: the next run makes them, and asks for no consent."""

import threading
import time

import pytest

from tests.vm.drives import IDLE, VOLUMES
from tests.vm.provision import give_up, playbook, write_inventory

pytestmark = pytest.mark.long
BEGUN = "/var/lib/camgrid/storage-begun"


def test_a_power_cut_in_the_middle_is_made_good_by_the_next_run(prepared, tmp_path):
    machine = prepared.machine
    wanted = [*VOLUMES, {"name": "late", "devices": [IDLE.serial], "mount": "/srv/late"}]
    inventory = write_inventory(machine, tmp_path / "late", camgrid_volumes=wanted)
    first = threading.Thread(target=playbook, args=(inventory, "hosts", "--tags", "storage"))
    first.start()
    deadline = time.monotonic() + 300
    while machine.host.run(f"test -e {BEGUN}").rc:
        assert time.monotonic() < deadline, "it never began"
    machine.cut()
    first.join()
    machine.start()
    run = playbook(inventory, "hosts", "--tags", "storage")
    assert run.code == 0, run.text
    assert machine.host.check_output("findmnt --noheadings --output FSTYPE --mountpoint /srv/late") == "xfs"
    assert machine.host.run(f"test -e {BEGUN}").rc == 1
    again = playbook(inventory, "hosts", "--tags", "storage")
    assert (again.code, again.changed) == (0, 0), again.text
    give_up(machine, "/srv/late")
