"""Every panel of the dashboards for Grafana has something to show: the lab's own Prometheus is asked for all."""

from __future__ import annotations

import pytest

from camgrid import connect, endpoints
from tests.cluster.prometheus import Prometheus
from tests.cluster.support import wait_until
from tests.unit.dashboards import Asked, asked

pytestmark = [pytest.mark.long, pytest.mark.larger, pytest.mark.needs_workers]
# Empty on a lab that is well: no alert, no drill, no other region, and nobody who asked enough of one camera.
PERHAPS = {
    ("camgrid-backups", "Last drill failed"),
    ("camgrid-backups", "Last restore drill"),
    ("camgrid-backups", "The other region behind"),
    ("camgrid-citus", "Busiest cameras"),
    ("camgrid-glance", "Alerts that fire"),
}
PANELS = list(asked())


@pytest.fixture(scope="module")
def prometheus(cluster):
    """With somebody in the pools: PgBouncer tells of none that nobody has used."""
    if not cluster.topology.roles.get("monitor"):
        pytest.skip("this lab has no monitor")
    found = Prometheus(cluster)
    wanted = endpoints.parameters(cluster.inventory, cluster.topology, "reader", "read")
    with connect.opened(wanted) as conn:
        conn.execute("SELECT 1")
        wait_until(lambda: found.query("camgrid_pool_clients"), 120)
        yield found


def series(prometheus: Prometheus, panel: Asked) -> list[dict[str, str]]:
    """Labels of what a panel shows."""
    return [labels for labels, _ in prometheus.query(panel.expression)]


def test_every_panel_has_something_to_show(prometheus):
    empty = {(each.dashboard, each.panel) for each in PANELS if not series(prometheus, each)}
    assert empty - PERHAPS == set()
    assert len(PANELS) > 80


def test_what_may_be_empty_is_a_panel():
    assert PERHAPS - {(each.dashboard, each.panel) for each in PANELS} == set()


def test_every_series_has_the_labels_that_its_legend_names(prometheus):
    unnamed = {
        (each.dashboard, each.panel, label)
        for each in PANELS
        for labels in series(prometheus, each)
        for label in each.labels - set(labels)
    }
    assert unnamed == set()


def test_lines_are_few_enough_to_be_told_apart(cluster, prometheus):
    """A line a shard or a partition would be too many; a few a host are not."""
    few = 4 * len(cluster.topology.hosts)
    many = {(each.dashboard, each.panel): number for each in PANELS if (number := len(series(prometheus, each))) > few}
    assert many == {}
