"""What holds for every part: the machine is what the tests take it for, and a second run changes nothing."""

from tests.vm.conftest import TIMES
from tests.vm.drives import DRIVES


def test_the_machine_is_a_debian_13_with_its_drives(prepared):
    host = prepared.machine.host
    assert host.system_info.codename == "trixie"
    seen = host.check_output("lsblk --nodeps --noheadings --output SERIAL,SIZE --bytes").splitlines()
    assert {f"{drive.serial} {drive.size_mb * 1024**2}" for drive in DRIVES} <= {
        " ".join(line.split()) for line in seen
    }


def test_the_readings_are_of_three_times(prepared):
    assert tuple(prepared.taken) == TIMES
    assert prepared.taken["after"]["boot"] != prepared.taken["after reboot"]["boot"], "it did not reboot"


def test_a_second_run_changes_nothing(prepared):
    assert prepared.second.code == 0, prepared.second.text
    assert prepared.second.changed == 0, prepared.second.text
