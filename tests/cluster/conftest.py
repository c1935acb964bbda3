"""A running lab for the tests; the runner names it in CAMGRID_TEST_LAB."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from camgrid.topology import Node
from tests.cluster.hurried import Hurried, hurried
from tests.cluster.prometheus import Prometheus
from tests.cluster.support import MEASURED, Cluster, lab_cluster


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves out what has no meaning in the lab's phase."""
    if "CAMGRID_TEST_LAB" not in os.environ:
        return
    sharded = lab_cluster().topology.sharded
    both = "CAMGRID_TEST_BOTH" in os.environ
    for item in items:
        if "once" in item.keywords and both and sharded:
            item.add_marker(pytest.mark.skip(reason="the same on this run's smaller lab; here only with --all"))
        if "larger" in item.keywords and both and not sharded:
            item.add_marker(pytest.mark.skip(reason="done on this run's larger lab; here only with --all"))
        if "long" in item.keywords and "CAMGRID_TEST_ALL" not in os.environ:
            item.add_marker(pytest.mark.skip(reason="only with ./scripts/test --all"))
        if "needs_workers" in item.keywords and not sharded:
            item.add_marker(pytest.mark.skip(reason="this lab has no worker groups"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `host` runs once for each host of the lab, one with `node` for each node."""
    if not {"host", "node"} & set(metafunc.fixturenames):
        return
    topology = lab_cluster().topology
    if "host" in metafunc.fixturenames:
        metafunc.parametrize("host", list(topology.hosts), indirect=True)
    if "node" in metafunc.fixturenames:
        metafunc.parametrize("node", [node.host for node in topology.nodes], indirect=True)


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The lab's cluster."""
    return lab_cluster()


@pytest.fixture(scope="session")
def prometheus(cluster: Cluster) -> Prometheus:
    """The lab's own Prometheus."""
    return Prometheus(cluster)


@pytest.fixture(scope="session")
def watching(cluster: Cluster) -> Iterator[Hurried]:
    """Another one beside it, whose rules are in a hurry."""
    with hurried(cluster) as found:
        yield found


@pytest.fixture
def places(cluster: Cluster) -> dict[str, Node | str]:
    """Where alerts are caused: a replica of each worker group, one for analytics, a proxy that is no monitor."""
    monitors, proxies = cluster.topology.roles["monitor"], cluster.topology.proxies()
    found: dict[str, Node | str] = {"proxy": next(host for host in proxies if host not in monitors)}
    found["analytics"] = next(node for node in cluster.topology.nodes if node.analytics)
    for group in (1, 2):
        leader = cluster.leader(group)
        found[f"replica {group}"] = next(node for node in cluster.topology.group(group) if node != leader)
    return found


@pytest.fixture
def short_enough(cluster: Cluster) -> None:
    """For tests that run many playbooks, which takes minutes on the large lab."""
    if cluster.topology.sharded and "CAMGRID_TEST_ALL" not in os.environ:
        pytest.skip("on the lab with worker groups only with ./scripts/test --all")


@pytest.fixture
def host(cluster: Cluster, request: pytest.FixtureRequest):
    """One host of the lab, for testinfra."""
    return cluster.host(request.param)


@pytest.fixture
def node(cluster: Cluster, request: pytest.FixtureRequest):
    """One host that runs PostgreSQL, for testinfra."""
    return cluster.host(request.param)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Numbers that tests measured are shown whether they passed or not."""
    if MEASURED:
        terminalreporter.section("measured")
        terminalreporter.write_line("\n".join(MEASURED))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """What every node's Patroni said last belongs to the report of a failed test."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed and "cluster" in getattr(item, "fixturenames", ()):
        report.sections.append(("journals", item.funcargs["cluster"].journals()))
