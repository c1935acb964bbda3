"""The lab of tests/cluster, and which faults are tried on it."""

from __future__ import annotations

import os

import pytest

from camgrid.chaos.run import Step, plan
from tests.cluster import conftest as shared
from tests.cluster.conftest import cluster, pytest_runtest_makereport  # noqa: F401
from tests.cluster.support import lab_cluster

# What is tried without CAMGRID_TEST_ALL, in some four minutes: fault → places among the lab's groups, the first
# being the coordinator's, where there are several.
TELLING = {
    "postgres-killed": (1,),
    "host-lost": (0,),
    "cut-both": (-1,),
    "host-lost-moving": (1,),
    "etcd-leader-lost": (None,),
}
# And on a lab without worker groups, when one with them has had its turn: a group fails over by the same means in both.
TELLING_AGAIN = {"postgres-killed": (0,)}
RUNS_OF_ALL = 3


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `step` runs once for each fault, group and run."""
    if "step" in metafunc.fixturenames:
        metafunc.parametrize("step", _steps(lab_cluster().topology.groups()), ids=_name)


def _steps(groups: list[int]) -> list[Step]:
    if "CAMGRID_TEST_ALL" in os.environ:
        return plan(groups, runs=RUNS_OF_ALL, sharded=len(groups) > 1)
    telling = TELLING_AGAIN if "CAMGRID_TEST_BOTH" in os.environ and len(groups) == 1 else TELLING
    wanted = {
        (name, None if place is None else groups[min(place, len(groups) - 1)])
        for name, places in telling.items()
        for place in places
    }
    return [step for step in plan(groups, telling, sharded=len(groups) > 1) if (step.fault.name, step.group) in wanted]


def _name(step: Step) -> str:
    return f"{step.fault.name}-{'all' if step.group is None else f'group{step.group}'}-{step.run}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What was measured, unless tests/cluster runs too and shows it."""
    if not config.pluginmanager.is_registered(shared):
        shared.pytest_terminal_summary(terminalreporter)
