"""The status page: the numbers of a look, charts over time, nobody's text as anything but text."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camgrid import health
from camgrid.finding import Finding
from camgrid.statuspage import chart, page
from camgrid.topology import build
from tests.unit.inventories import serving, single
from tests.unit.test_health import members
from tests.unit.test_status import ALERT, HOSTILE, told

NOW = datetime(2031, 5, 2, 12, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script>"


class Outline(HTMLParser):
    """Text and tags of a page; fails for a tag that is not closed."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words, self.tags, self.open, self.links = [], [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("href", "src", "action", "style")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture
def snapshot(tmp_path):
    """A cluster with something of everything."""
    topology = build(serving(single(tmp_path)))
    database = told(topology, alerts=[ALERT | {"status": "acknowledged", "acknowledged_by": SCRIPT}])
    database["rollups"] = database["rollups"] | {"refreshed_at": NOW}
    del database["load"][1:]
    database["jobs"][0]["last_end"] = NOW - timedelta(seconds=5)
    return health.Snapshot("test", "horizontal", members(topology), database)


def test_the_page_has_what_status_has(snapshot):
    seen = Outline(page.render(snapshot, {}, 20, NOW))
    text = " ".join(" ".join(seen.words).split())
    assert "healthy" in text
    assert "as of 2031-05-02 12:00:00 UTC" in text
    assert "1,234.5 of 10,000" in text
    assert "1,200 cameras" in text
    assert "6 of 10" in text
    assert "its pool is silent" in text
    assert "camgrid-x * * * * * succeeded 5 s ago" in text
    for member in snapshot.members:
        assert f"{member.name} {member.address} {member.role} {member.state}" in text


def test_findings_come_with_the_next_step_and_text_stays_text(snapshot):
    snapshot.findings = [Finding(HOSTILE + SCRIPT, SCRIPT, "do <this>")]
    made = page.render(snapshot, {}, 0, NOW)
    seen = Outline(made)
    text = "".join(seen.words)
    assert HOSTILE + SCRIPT in text
    assert "do <this>" in text
    assert "1 wrong" in text
    assert "script" not in seen.tags
    assert "(alert 7); <script>alert(1)</script> is at it" in text


def test_it_needs_nothing_from_elsewhere(snapshot):
    made = page.render(snapshot, {}, 20, NOW)
    assert Outline(made).links == []
    assert not re.search(r"https?:|@import|url\(", made)
    assert '<meta http-equiv="refresh" content="20">' in made
    assert 'http-equiv="refresh"' not in page.render(snapshot, {}, 0, NOW)


def test_a_database_that_is_away_leaves_the_members(snapshot):
    snapshot.database = {}
    text = " ".join(Outline(page.render(snapshot, {}, 0, NOW)).words)
    assert "database not reached" in text
    assert "w1a" in text


def test_a_day_is_drawn_and_a_gap_is_left_empty():
    minutes = [*range(100), *range(200, 300)]
    points = [(NOW + timedelta(minutes=m), m) for m in minutes]
    drawn = chart.line(points, NOW, NOW + timedelta(days=1), "<x>", timedelta(minutes=15), 280)
    assert drawn.count("<polyline") == 2
    assert 'class="target"' in drawn
    assert 'aria-label="&lt;x&gt;"' in drawn
    far = chart.line([(NOW, 1)], NOW, NOW + timedelta(days=1), "x", timedelta(minutes=15), 10000)
    assert 'class="target"' not in far, "it would flatten all"


def test_a_whole_day_is_one_line(snapshot):
    samples = page.thinned([(NOW - timedelta(minutes=m), m % 7) for m in range(1440, 0, -1)])
    assert page.render(snapshot, {"active_connections": samples}, 0, NOW).count("<polyline") == 2, "and reads, now"


def test_a_day_without_samples_has_a_scale_that_can_be_read():
    drawn = chart.line([], NOW, NOW + timedelta(days=1), "x", timedelta(minutes=15))
    assert re.findall(r'"end">([^<]*)<', drawn) == ["0", "0.5", "1"]


@given(
    st.lists(st.floats(0, 1e9, allow_subnormal=False), max_size=30),
    st.none() | st.floats(0, 1e6, allow_subnormal=False),
)
def test_every_point_is_within_the_chart(values, target):
    points = [(NOW + timedelta(minutes=number), value) for number, value in enumerate(values)]
    drawn = chart.line(points, NOW, NOW + timedelta(hours=2), "x", timedelta(hours=1), target)
    places = [place.split(",") for line in re.findall(r'points="([^"]*)"', drawn) for place in line.split()]
    assert len(places) == len(values)
    assert all(0 <= float(x) <= chart.WIDTH and 0 <= float(y) <= chart.HEIGHT for x, y in places)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=3000))
def test_thinned_points_are_few_and_hide_no_peak(values):
    points = [(NOW + timedelta(minutes=number), value) for number, value in enumerate(values)]
    few = page.thinned(points)
    assert len(few) <= 288
    assert max(value for _, value in few) == max(values)
