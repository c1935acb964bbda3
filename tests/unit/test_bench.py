"""`camgrid bench`: the scripts that pgbench gets, and what is made of the figures."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from camgrid.bench import data, plot, read, result
from camgrid.bench.bed import default_host
from camgrid.bench.ground import Ground, Home
from camgrid.bench.ingest import inserts
from camgrid.bench.read import LATEST
from camgrid.bench.result import PLAIN, Figure
from camgrid.bench.ways import ANY, DIRECT, OWN_NODE, OWN_SHARD, lanes, ways
from camgrid.errors import UsageError
from camgrid.router.shard_map import Shard, ShardMap
from camgrid.topology import Node, build
from tests.unit.inventories import sound


def node(group: int) -> Node:
    return Node(f"g{group}m1", f"10.0.0.{group}", "region_main", group, 1)


# Three shards of every table, in two groups.
SHARDS = ShardMap(
    bounds=(-(2**31), -(2**30), 2**30),
    groups=(1, 1, 2),
    primaries={1: node(1).name, 2: node(2).name},
    shards={
        name: tuple(Shard(number, f"camgrid.{name}_{number}") for number in (11, 12, 13))
        for name in ("counting_results", "camera_latest")
    },
)


class FakeBed:
    """Keeps the files that would go to the host."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}

    def put(self, name, content):
        self.files[name] = content

    def put_all(self, files):
        self.files |= files

    def plain(self):
        return {"host": "plain", "port": "1"}


class FakeGround(Ground):
    """The cameras of a map, with nobody to ask."""

    def __init__(self, shards: ShardMap = SHARDS) -> None:
        self.shards, self.cameras = shards, range(700_000, 700_040)
        self.topology = SimpleNamespace(nodes=[node(1), node(2)])

    def node(self, place, role, *, pool=True):
        return {"host": place.address, "role": role, "pool": pool}

    def endpoint(self, name, role):
        return {"host": name, "role": role}


def asked(question, way, clients=5):
    """The lanes of one way, and the files that were put for them."""
    bed, ground = FakeBed(), FakeGround()
    return list(lanes(bed, ground, ground.homes(), question, way, clients)), bed.files


def test_each_camera_is_asked_of_the_shard_that_holds_it():
    made, files = asked(LATEST, OWN_SHARD)
    assert [(lane.wanted["host"], lane.clients) for lane in made] == [("10.0.0.1", 3), ("10.0.0.2", 2)]
    seen = 0
    for lane in made:
        for file, weight in lane.scripts:
            cameras = [int(camera) for camera in re.findall(r"then (\d+)", files[file])]
            assert weight == len(cameras)
            for camera in cameras:
                position = SHARDS.position(camera)
                assert f"camgrid.camera_latest_{11 + position} " in files[file]
                assert node(SHARDS.groups[position]).address == lane.wanted["host"]
            seen += len(cameras)
    assert seen == 40


@pytest.mark.parametrize(
    ("way", "hosts"), [(PLAIN, ["plain"]), (ANY, ["ingest"]), (OWN_NODE, ["10.0.0.1", "10.0.0.2"])]
)
def test_other_ways_name_the_table_and_prove_nothing(way, hosts):
    made, files = asked(LATEST, way)
    assert [lane.wanted["host"] for lane in made] == hosts
    assert all("FROM camgrid.camera_latest " in text and "pg_dist" not in text for text in files.values())


def test_pools_are_left_out_by_one_way_only():
    assert {way: asked(LATEST, way)[0][0].wanted["pool"] for way in (OWN_SHARD, DIRECT)} == {
        OWN_SHARD: True,
        DIRECT: False,
    }


def test_only_citus_plans_many_months_anew():
    day = read.last_of_day(data.Span(datetime(2026, 1, 1, tzinfo=UTC), timedelta(hours=1), 48))
    protocols = {way: asked(day, way)[0][0].protocol for way in (PLAIN, ANY, OWN_NODE, OWN_SHARD)}
    assert protocols == {PLAIN: "prepared", ANY: "extended", OWN_NODE: "extended", OWN_SHARD: "prepared"}


def test_nothing_is_written_into_a_shard_past_citus():
    homes = FakeGround().homes()
    assert ways(homes, inserts("insert1", 1, 0)) == [PLAIN, ANY, OWN_NODE]
    assert ways([Home(node(1), None, (1,))], LATEST) == [PLAIN, ANY]


def test_ratios_are_of_the_same_round_and_better_is_more():
    figures = [
        Figure("read", "a", PLAIN, "/s", values=[100, 200, 300]),
        Figure("read", "a", ANY, "/s", values=[50, 50, 300]),
        Figure("report", "b", PLAIN, "ms", less=True, values=[100]),
        Figure("report", "b", "rollups", "ms", less=True, values=[4]),
    ]
    rows = result.summary(figures)
    assert [rows[1][key] for key in ("ratio_least", "ratio", "ratio_most")] == [0.25, 0.5, 1.0]
    assert rows[0]["ratio"] is None
    assert rows[3]["ratio"] == 25
    assert result.noise(figures) == 1.0
    assert json.loads(json.dumps(rows)) == rows


def test_the_picture_is_drawn(tmp_path):
    figures = [Figure("read", "a", PLAIN, "/s", values=[1, 2]), Figure("read", "a", ANY, "/s", values=[1, 1])]
    plot.draw(result.summary(figures), "title", tmp_path / "bench.svg")
    assert "<svg" in (tmp_path / "bench.svg").read_text()


class Months:
    """A cluster with months, as (year, month) pairs."""

    cameras = range(2)

    def __init__(self, *months):
        self._months = [(datetime(*each, 1, tzinfo=UTC), datetime(*after(each), 1, tzinfo=UTC)) for each in months]

    def months(self):
        return self._months


def after(month):
    year, number = month
    return (year + 1, 1) if number == 12 else (year, number + 1)


def test_rows_are_in_months_that_follow_each_other():
    now = datetime.now(UTC)
    this, last = (now.year, now.month), (now.year - (now.month == 1), (now.month - 2) % 12 + 1)
    found = data.span(Months((2013, 5), last, this), 10)
    assert found.start == datetime(*last, 1, tzinfo=UTC)
    assert found.every * found.results <= timedelta(days=62)
    with pytest.raises(UsageError, match="months begin at"):
        data.span(Months((2013, 5), last, this), 10, days=90)
    with pytest.raises(UsageError, match="no month"):
        data.span(Months(), 10)


def test_it_runs_where_the_least_is_to_do():
    inventory = sound()
    assert default_host(build(inventory)) == "c2"
    inventory.hosts["c1"]["camgrid_analytics"] = True
    assert default_host(build(inventory)) == "c1"


def test_a_phase_without_pools_is_refused():
    class Foundation:
        class topology:  # noqa: N801 - as App has it
            pooled, phase = False, "foundation"

    with pytest.raises(UsageError, match="pools"):
        Ground(Foundation(), 10)
