"""The playbooks of the regions ask the command, the operator, and the command again; a stand-in answers for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLAN = ["all groups move from region_main to region_dr", "  group 0: g0m1 → dr0m1"]
# Python reads it at its start. In place of `camgrid … region WORDS` it says what the file `says` has for these words,
# one answer after the other and the last again and again, and notes them in `asked`.
STAND_IN = """
import json, os, sys
words = sys.orig_argv
if "camgrid" in words and "region" in words:
    asked = " ".join(words[words.index("region") + 1:])
    with open("{here}/asked", "a") as file:
        file.write(asked + "\\n")
    with open("{here}/says") as file:
        says = json.load(file)
    code, text = says[asked].pop(0) if len(says[asked]) > 1 else says[asked][0]
    with open("{here}/says", "w") as file:
        json.dump(says, file)
    print(text, file=sys.stderr if code == 1 else sys.stdout, flush=True)
    os._exit(code)
"""


@pytest.fixture(scope="module")
def inventory(tmp_path_factory):
    """The lab's with both regions, at addresses that nobody has."""
    path = tmp_path_factory.mktemp("inventory") / "lab"
    shutil.copytree(ROOT / "inventory/lab", path, ignore=shutil.ignore_patterns(".secrets", "lab.yml"))
    hosts = path / "hosts.yml"
    text = hosts.read_text().replace("camgrid_phase: horizontal", "camgrid_phase: multi_region")
    hosts.write_text(text.replace("10.77.0.", "192.0.2."))
    return path


@pytest.fixture
def play(tmp_path, inventory):
    """Runs a playbook with what the command says: words → answers; returns how it ended and what was asked."""
    (tmp_path / "sitecustomize.py").write_text(STAND_IN.format(here=tmp_path))

    def play(name: str, says: dict, *words: str):
        (tmp_path / "says").write_text(json.dumps({"status": [(0, "all is well")]} | says))
        (tmp_path / "asked").write_text("")
        command = [Path(sys.executable).with_name("ansible-playbook"), "-i", inventory, f"playbooks/{name}.yml"]
        paths = os.pathsep.join([str(tmp_path), str(ROOT / "scripts")])
        environment = os.environ | {"ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"), "PYTHONPATH": paths}
        run = subprocess.run(
            [*command, *words],
            check=False,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        return run, (tmp_path / "asked").read_text().splitlines()

    return play


def plan(*lines):
    return (0, "\n".join(lines))


def test_without_the_clusters_name_nothing_is_done(play):
    run, asked = play("region_switch", {"switch --plan": [plan(*PLAN)]})
    assert run.returncode != 0
    assert PLAN[0] in run.stdout, run.stdout
    assert "add -e confirm=lab" in run.stdout
    assert asked == ["switch --plan"]


def test_what_is_lost_is_opened_with_the_name_and_both_regions_are_shown(play):
    says = {"promote --common --plan": [plan(*PLAN)], "promote --common --yes --cluster lab": [(0, "opened")]}
    says["status"] = [(3, "region_main is away")]
    run, asked = play("region_promote", says, "-e", "confirm=lab", "-e", "common=true")
    assert run.returncode == 0, run.stdout
    assert "region_main is away" in run.stdout
    assert asked == [*["promote --common --plan"] * 2, "promote --common --yes --cluster lab", "status"]


def test_a_plan_that_is_not_true_any_more_is_not_carried_out(play):
    """Another operator has switched meanwhile: the same words would move it back."""
    there, back = plan(*PLAN), plan("all groups move from region_dr to region_main")
    run, asked = play("region_switch", {"switch --plan": [there, back]}, "-e", "confirm=lab")
    assert run.returncode != 0
    assert asked == ["switch --plan"] * 2


def status(*open_regions, leader="primary"):
    groups = [{"group": 1, "leader": "g1m1", "role": leader}]
    regions = [
        {"region": each, "open": each in open_regions, "groups": groups} for each in ("region_main", "region_dr")
    ]
    return {"status --json": [(0, json.dumps({"regions": regions}))]}


@pytest.mark.parametrize(
    ("says", "words", "reason"),
    [
        (status("region_main"), ("group=99", "confirm=lab"), "names no group"),
        (status("region_main", leader="-"), ("group=1", "confirm=lab"), "not led in exactly one open region"),
        (status("region_main"), ("group=1", "confirm=another"), "add -e confirm=lab"),
    ],
)
def test_a_copy_is_deleted_only_where_the_other_region_has_the_group(play, says, words, reason):
    run, _ = play("region_copy", says, *(word for each in words for word in ("-e", each)))
    assert run.returncode != 0
    assert reason in " ".join(run.stdout.split())
    assert "PLAY [Delete what is there]" not in run.stdout
