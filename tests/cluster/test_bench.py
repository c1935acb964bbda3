"""`camgrid bench` on a lab: every way is measured beside the plain PostgreSQL, and nothing of it is left behind."""

from __future__ import annotations

import json

import pytest

from camgrid.bench.bed import DIRECTORY, default_host
from camgrid.bench.ground import FIRST_CAMERA

pytestmark = pytest.mark.needs_workers

SMALL = ("--cameras", "40", "--results", "24", "--rounds", "1", "--seconds", "1", "--clients", "4", "--rate", "50")
ROUTES = {"own node", "own shard", "own shard, no pool"}


@pytest.fixture(scope="module")
def found(cluster, tmp_path_factory):
    """What one small run of everything says."""
    where = tmp_path_factory.mktemp("bench")
    done = cluster.camgrid("bench", *SMALL, "--plot", str(where / "bench.svg"), "--json", "--yes")
    assert done.returncode == 0, done.stderr
    assert (where / "bench.svg").stat().st_size > 1000
    return json.loads(done.stdout)


def test_every_way_is_measured_beside_plain(cluster, found):
    ways: dict[str, set[str]] = {}
    for row in found["figures"]:
        ways.setdefault(f"{row['scenario']}: {row['what']}", set()).add(row["way"])
        assert row["least"] > 0
        assert (row["ratio"] is None) == (row["way"] == "plain")
    assert {what.split(":")[0] for what in ways} == {"ingest", "read", "mixed", "report"}
    assert all("plain" in each for each in ways.values())
    routed = [each for what, each in ways.items() if what.startswith("read")]
    assert all((each >= ROUTES) is cluster.topology.sharded for each in routed)
    assert found["meta"]["versions"]["postgresql"].startswith("17")
    assert bool(found["meta"]["versions"]["citus"]) is cluster.topology.sharded


def test_nothing_is_left_behind(cluster, found):
    for table in ("counting_results", "camera_events", "camera_latest", "counts_hourly"):
        rows = f"SELECT count(*) FROM {table} WHERE camera_id BETWEEN %s AND %s"
        assert cluster.value(rows, FIRST_CAMERA, FIRST_CAMERA + 40) == 0, table
    host = cluster.host(default_host(cluster.topology))
    assert not host.file(DIRECTORY).exists
    assert not host.service("camgrid-bench-plain").is_running


def test_it_asks_first_and_refuses_what_it_cannot_do(cluster):
    assert cluster.camgrid("bench", "read").returncode == 2
    refused = cluster.camgrid("bench", "read", "--host", "nobody", "--yes")
    assert refused.returncode == 2
    assert "no host nobody" in refused.stderr
    assert cluster.camgrid("bench", "read", "--days", "36500", "--yes").returncode == 2
