"""The whole of site.yml on a machine with drives: PostgreSQL has its data and its WAL where the inventory says."""

import pytest

from camgrid.storage import wal_directory
from tests.vm.drives import VOLUMES, WAL
from tests.vm.provision import playbook

pytestmark = pytest.mark.long
DATA_DIRECTORY = "/var/lib/postgresql/17/vm"
WAL_DIRECTORY = wal_directory(VOLUMES, 17, "vm")


@pytest.fixture(scope="module")
def serving(prepared):
    """The machine with PostgreSQL under Patroni."""
    run = playbook(prepared.inventory, "site")
    assert run.code == 0, run.text
    return prepared


def leads(host) -> bool:
    return host.run("runuser -u postgres -- psql -AXtc 'SELECT pg_is_in_recovery()'").stdout.strip() == "f"


def test_data_and_wal_are_on_drives_of_their_own(serving):
    host = serving.machine.host
    assert leads(host)
    assert host.file(f"{DATA_DIRECTORY}/pg_wal").linked_to == WAL_DIRECTORY
    sources = [
        host.check_output(f"findmnt --noheadings --output TARGET --target {path}/.")
        for path in (DATA_DIRECTORY, WAL_DIRECTORY)
    ]
    assert sources == ["/var/lib/postgresql", "/var/lib/postgresql-wal"]


def test_a_second_run_of_all_changes_nothing(serving):
    run = playbook(serving.inventory, "site")
    assert (run.code, run.changed) == (0, 0), run.text


def test_without_its_drive_the_machine_boots_and_postgresql_does_not_start(serving):
    machine = serving.machine
    machine.host.check_output("sync")
    machine.cut()
    machine.start(without=[WAL])
    try:
        assert machine.host.run("systemctl is-active patroni").stdout.strip() in ("inactive", "failed")
        assert machine.host.run("findmnt --mountpoint /var/lib/postgresql-wal").rc != 0
        assert machine.host.check_output("find /var/lib/postgresql-wal -mindepth 1") == ""
    finally:
        machine.cut()
        machine.start()
    assert (
        machine.host.check_output("for i in $(seq 90); do systemctl is-active patroni && exit; sleep 1; done")
        == "active"
    )
