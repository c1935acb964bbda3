"""One virtual machine for all tests: bare, then prepared by the project's own playbook twice, then rebooted."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.vm import readings
from tests.vm.drives import DRIVES, VOLUMES
from tests.vm.machine import Machine
from tests.vm.network import REACHED, at_its_address
from tests.vm.provision import Run, playbook, write_inventory

WHOLE = "CAMGRID_TEST_ALL" in os.environ
# What is read of the machine comes from these roles. Emulated, the others would double the time.
TELLING = () if WHOLE else ("--tags", "storage,disk_speed,kernel")
TIMES = ("before", "after", "after reboot")
TAKEN: dict[str, dict[str, str]] = {}
MEASURED: list[str] = []


@dataclass(frozen=True)
class Prepared:
    """The machine after its playbook ran twice and it was rebooted: both runs, and the readings by their time."""

    machine: Machine
    inventory: Path
    first: Run
    second: Run
    taken: dict[str, dict[str, str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Emulated, a whole site.yml takes many minutes."""
    for item in items:
        if "long" in item.keywords and not WHOLE:
            item.add_marker(pytest.mark.skip(reason="only with ./scripts/test --all"))


@pytest.fixture(scope="session")
def bare() -> Iterator[Machine]:
    """The machine as an installer leaves it, with drives that nothing was written to."""
    with at_its_address() if WHOLE else nullcontext():
        machine = Machine(DRIVES, ports=REACHED if WHOLE else ())
        try:
            machine.start()
            MEASURED.append(f"first boot: {machine.boots_s[0]:.0f} s")
            yield machine
        finally:
            machine.remove()


@pytest.fixture(scope="session")
def prepared(bare: Machine, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The machine after `hosts.yml`, once more, and a reboot; what was read before and between."""
    inventory = write_inventory(bare, tmp_path_factory.mktemp("inventory"), camgrid_volumes=VOLUMES)
    TAKEN["before"] = readings.take(bare.host)
    first = _timed("hosts.yml", inventory)
    assert first.code == 0, first.text
    TAKEN["after"] = readings.take(bare.host)
    second = _timed("hosts.yml again", inventory)
    bare.reboot()
    MEASURED.append(f"reboot: {bare.boots_s[-1]:.0f} s")
    TAKEN["after reboot"] = readings.take(bare.host)
    return Prepared(bare, inventory, first, second, TAKEN)


def _timed(what: str, inventory: Path) -> Run:
    started = time.monotonic()
    run = playbook(inventory, "hosts", *TELLING)
    MEASURED.append(f"{what}: {time.monotonic() - started:.0f} s, changed={run.changed}")
    return run


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The values and times are shown whether the tests passed or not."""
    if TAKEN:
        terminalreporter.section("values of the virtual machine")
        terminalreporter.write_line("\n".join(readings.table(TAKEN)))
    if MEASURED:
        terminalreporter.section("measured")
        terminalreporter.write_line("\n".join(MEASURED))
