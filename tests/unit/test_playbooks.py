"""Playbooks and roles hang together: syntax, hosts, handlers, includes, modules."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
ROLES = sorted((ROOT / "roles").iterdir())
TASK_FILES = sorted(
    each for where in ("roles/*/tasks", "roles/*/handlers", "playbooks/tasks") for each in ROOT.glob(f"{where}/*.yml")
)
# Made while a playbook runs, by group_by and add_host.
MADE_WHILE_RUNNING = {
    "pending_restart_replica",
    "pending_restart_primary",
    "leaving_nodes",
    "restore_absent",
    "restore_first",
    "restore_other_region",
    "restore_then",
    "into_citus",
    "almost_in_citus",
    "region_copied",
    "region_copied_etcd",
    "region_copy_source",
    "upgrade_backup",
    "upgrade_backup_metrics",
    "upgrade_collector",
    "upgrade_etcd",
    "upgrade_floating",
    "upgrade_node_exporter",
    "upgrade_postgres_exporter",
    "upgrade_primary",
    "upgrade_prometheus",
    "upgrade_proxy",
    "upgrade_replica",
    "upgrade_spare",
    "upgrade_status_page",
    "upgrade_status_web",
}


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def read(path: Path) -> list[dict[str, Any]]:
    return yaml.safe_load(path.read_text()) or []


def tasks(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Tasks with those inside of blocks."""
    for entry in entries:
        yield entry
        for key in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers"):
            yield from tasks(entry.get(key, []))


def imported(playbook: Path) -> list[Path]:
    """The playbooks that a playbook imports, in their order."""
    names = [play.get("ansible.builtin.import_playbook") for play in read(playbook)]
    return [playbook.parent / name for name in names if name]


@pytest.mark.parametrize("inventory", ["lab/hosts.yml", "vagrant", "vagrant-small", "production"])
def test_syntax(inventory, tmp_path):
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", f"inventory/{inventory}", "--syntax-check"]
    environment = os.environ | {"ANSIBLE_LOCAL_TEMP": str(tmp_path), "ANSIBLE_LOCALHOST_WARNING": "false"}
    run = subprocess.run([*command, *PLAYBOOKS], check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "ERROR" not in run.stderr


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=short)
def test_hosts_of_plays_exist(playbook):
    """A pattern that matches nothing would pass green and do nothing."""
    prepared = set(re.findall(r"'(camgrid_\w+)'", (ROOT / "playbooks/prepare.yml").read_text()))
    for play in read(playbook):
        if "hosts" in play:
            named = re.sub(r"\[\d+\]", "", play["hosts"])
            assert set(re.split(r"[:,&!]+", named)) <= prepared | MADE_WHILE_RUNNING | {"localhost"}


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=short)
def test_a_playbook_prepares_first_or_is_a_part_of_those_that_do(playbook):
    if playbook.name == "prepare.yml":
        return
    importers = [each for each in PLAYBOOKS if playbook in imported(each)]
    for each in importers or [playbook]:
        first = imported(each)[0]
        # Or with one that does so itself.
        assert "prepare.yml" in (first.name, *(part.name for part in imported(first)[:1])), short(each)


@pytest.mark.parametrize("role", ROLES, ids=short)
def test_every_notify_names_a_handler_and_every_handler_is_notified(role):
    handlers = [task for path in role.glob("handlers/*.yml") for task in tasks(read(path))]
    notified = set()
    for path in (path for path in TASK_FILES if role in path.parents):
        for task in tasks(read(path)):
            wanted = task.get("notify", [])
            notified |= {wanted} if isinstance(wanted, str) else set(wanted)
    assert notified <= {name for handler in handlers for name in (handler["name"], handler.get("listen"))}
    assert all({handler["name"], handler.get("listen")} & notified for handler in handlers)


@pytest.mark.parametrize("path", TASK_FILES, ids=short)
def test_included_files_and_templates_exist(path):
    for task in tasks(read(path)):
        included = task.get("ansible.builtin.include_tasks", task.get("ansible.builtin.import_tasks"))
        included = included["file"] if isinstance(included, dict) else included
        assert included is None or (path.parent / included).is_file()
        source = task.get("ansible.builtin.template", {}).get("src")
        assert source is None or (path.parents[1] / "templates" / source).is_file()


@pytest.mark.parametrize("path", [*TASK_FILES, *PLAYBOOKS], ids=short)
def test_only_modules_that_ansible_core_has_and_no_error_is_swept_away(path):
    for task in tasks(read(path)):
        modules = [key for key in task if "." in key]
        assert all(name.startswith("ansible.builtin.") for name in modules)
        assert not {"ansible.builtin.shell", "ansible.builtin.raw"} & set(modules)
        assert "ignore_errors" not in task
        assert task["name"][0].isupper()
        # Words that change something never claim that they did not.
        if "ansible.builtin.command" in task:
            assert "changed_when" in task or "creates" in task["ansible.builtin.command"], task["name"]


@pytest.mark.parametrize("path", sorted(ROOT.glob("roles/*/templates/*")), ids=short)
def test_templates_are_used_and_say_who_writes_them(path):
    assert "ansible_managed" in path.read_text().splitlines()[0] + path.read_text().splitlines()[1]
    used = [
        task.get("ansible.builtin.template", {}).get("src")
        for file in path.parents[1].glob("tasks/*.yml")
        for task in tasks(read(file))
    ]
    assert path.name in used
