"""The dashboards for Grafana: whole, readable, of numbers that there are, and coloured as the alerts are."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from collections import Counter

import pytest
import yaml

from camgrid.dashboards import limits
from tests.unit.dashboards import FILES, asked, panels, read
from tests.unit.test_alert_rules import ALERTS, PROMTOOL
from tests.unit.test_monitoring import told

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
ALL = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def test_there_are_some_and_each_has_a_name_of_its_own():
    assert [read(path)["uid"] for path in FILES] == [path.stem for path in FILES]
    assert len({read(path)["title"] for path in FILES}) == len(FILES) == 5


@ALL
def test_every_panel_has_a_title_of_its_own_and_a_unit(path):
    titles = Counter(panel["title"] for panel in panels(path))
    assert [title for title, times in titles.items() if times > 1 or not title] == []
    assert [panel["title"] for panel in panels(path) if not panel["fieldConfig"]["defaults"].get("unit")] == []
    identifiers = [panel["id"] for panel in read(path)["panels"]]
    assert len(set(identifiers)) == len(identifiers)


@ALL
def test_a_number_alone_is_explained(path):
    numbers = [panel for panel in panels(path) if panel["type"] in ("stat", "table")]
    assert [panel["title"] for panel in numbers if not panel.get("description", "").endswith(".")] == []


@ALL
def test_whoever_looks_chooses_the_prometheus(path):
    (variable,) = [each for each in read(path)["templating"]["list"] if each["name"] == "datasource"]
    assert (variable["type"], variable["query"]) == ("datasource", "prometheus")
    for part in itertools.chain(panels(path), *(panel["targets"] for panel in panels(path))):
        assert part["datasource"] == SOURCE
    others = [each for each in read(path)["templating"]["list"] if each["type"] == "query"]
    assert all(each["datasource"] == SOURCE for each in others)
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(read(path)["panels"])))
    assert used <= {each["name"] for each in read(path)["templating"]["list"]} | {"__rate_interval"}


@ALL
def test_no_panel_lies_on_another(path):
    taken: dict[tuple[int, int], int] = {}
    for panel in read(path)["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for cell in itertools.product(
            range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        ):
            assert taken.setdefault(cell, panel["id"]) == panel["id"], panel.get("title")


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed: scripts/setup dev gets it where apt-get can")
def test_prometheus_understands_every_expression(tmp_path):
    rules = [{"record": f"panel:{index}", "expr": each.expression} for index, each in enumerate(asked())]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    command = [PROMTOOL, "check", "rules", "--lint=none", tmp_path / "rules.yml"]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{len(rules)} rules found" in run.stdout
    assert len(rules) > 80


def test_no_panel_asks_for_a_number_of_ours_that_nobody_tells():
    wanted = {name for each in asked() for name in re.findall(r"\bcamgrid_[a-z_]+", each.expression)}
    assert wanted - told() - {"camgrid_backup"} == set(), "camgrid_backup is in a file's name"
    assert len(wanted) > 40


@pytest.mark.parametrize(
    ("alert", "comparison", "number", "below", "colour"),
    [
        ("BackupTooOld", 0, 50 * 3600, False, "red"),
        ("DiskNearlyFull", 0, 0.08, True, "red"),
        ("DiskFilling", 1, 0.2, True, "orange"),
        ("ShardSkew", 0, 1.5, False, "orange"),
        ("BackgroundTaskFails", 0, 1, False, "orange"),
        ("EtcdNoLeader", 0, 1, True, "red"),
        ("ArchiveFailing", 0, 1, False, "red"),
        ("PartitionsTooFew", 1, 32 * 86400, True, "red"),
    ],
)
def test_a_limit_is_the_alerts_own(alert, comparison, number, below, colour):
    assert limits.of(alert, comparison) == limits.Limit(number, below, colour)


def test_every_line_of_a_panel_is_some_alerts():
    every = {1.0} | {
        limits.of(name, index).number
        for name, rule in ALERTS.items()
        for index in range(len(limits.COMPARISON.findall(rule["expr"])))
    }
    drawn = [
        (path.stem, panel["title"], step["value"])
        for path in FILES
        for panel in panels(path)
        for step in panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])
        if step["value"] is not None
    ]
    assert [each for each in drawn if each[2] not in every] == []
    assert len(drawn) > 30


@ALL
def test_a_colour_begins_where_the_last_one_ends_and_one_of_them_is_good(path):
    for panel in panels(path):
        steps = panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])
        numbers = [step["value"] for step in steps[1:]]
        assert numbers == sorted(numbers), panel["title"]
        assert not steps or steps[0]["value"] is None, panel["title"]
        assert not steps or {step["color"] for step in steps} & {"green", "blue"}, panel["title"]
