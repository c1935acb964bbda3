"""The alert rules: each fires on what it is about and not just before, as promtool works them out, and is explained."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.unit.alert_cases import CASES

ROOT = Path(__file__).resolve().parents[2]
RULES = sorted((ROOT / "roles/prometheus/files/rules").glob("*.yml"))
ALERTS = {
    rule["alert"]: rule
    for path in RULES
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
}
# Installed, or unpacked by scripts/setup dev.
PROMTOOL = shutil.which("promtool", path=f"{os.environ['PATH']}:{ROOT / '.cache/prometheus/usr/bin'}")


def fired(alert: str, minutes: int, series: dict[str, str], times: int) -> dict:
    """A test for promtool: so many of an alert fire after minutes of these series."""
    expression = f'(count(ALERTS{{alertname="{alert}", alertstate="firing"}}) > bool 0) or vector(0)'
    return {
        "name": f"{alert} {'fires' if times else 'is quiet'}",
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {"expr": expression, "eval_time": f"{minutes}m", "exp_samples": [{"labels": "{}", "value": times}]}
        ],
    }


def test_each_alert_has_a_case_that_fires_and_one_that_does_not():
    assert {name.partition(",")[0] for name in CASES} == set(ALERTS)


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed: scripts/setup dev gets it where apt-get can")
@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_thresholds(path, tmp_path):
    names = re.findall(r"- alert: (\w+)", path.read_text())
    tests = [
        fired(alert, case.minutes, series, times)
        for name, case in CASES.items()
        if (alert := name.partition(",")[0]) in names
        for series, times in ((case.fires, 1), (case.quiet, 0))
    ]
    (tmp_path / "tests.yml").write_text(yaml.safe_dump({"rule_files": [str(path)], "tests": tests}))
    run = subprocess.run(
        [PROMTOOL, "test", "rules", tmp_path / "tests.yml"], check=False, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_is_wrong_and_what_to_do(name):
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert set(rule["annotations"]) == {"summary", "next", "runbook"}
    assert rule["annotations"]["summary"].endswith(".")
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.M)
    assert anchor in [heading.lower().replace(" ", "-") for heading in headings]
    for named in re.findall(r"docs/[a-z/-]+\.md", str(rule["annotations"])):
        assert (ROOT / named).is_file(), named


def test_the_page_of_alerts_names_no_alert_that_there_is_not():
    page = (ROOT / "docs/alerts.md").read_text()
    assert set(re.findall(r"^### (\w+)$", page, re.M)) == set(ALERTS)
