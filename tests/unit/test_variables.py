"""docs/variables.md, and what an inventory may set."""

from collections import Counter
from pathlib import Path

import yaml

from camgrid.variables import DERIVED, TOPOLOGY, derived_variables, document, known_variables, role_options

ROOT = Path(__file__).resolve().parents[2]


def test_the_committed_document_is_up_to_date():
    written = (ROOT / "docs/variables.md").read_text()
    assert written == document(), "run: .venv/bin/python -m camgrid.variables >docs/variables.md"


def test_every_variable_is_in_the_document():
    names = {*TOPOLOGY, *(name for options in role_options().values() for name in options)}
    assert [name for name in names if f"`{name}`" not in document()] == []


def test_what_is_derived_may_not_be_set():
    assert "patroni_cluster" in derived_variables()
    assert not derived_variables() & set(known_variables())


def test_what_a_template_of_the_playbooks_asks_for_may_be_set():
    """Or the inventory could not give what playbooks/group_vars reads from it."""
    text = "".join(path.read_text() for path in DERIVED.glob("*.yml"))
    assert [name for name in TOPOLOGY if name.startswith("camgrid_host_") and name not in text] == []
    assert {"camgrid_admin_networks", "camgrid_client_networks", "postgresql_version"} <= set(known_variables())


def test_each_derived_variable_is_said_in_one_place():
    """Of two files of a directory, Ansible would take the later one without a word."""
    names = Counter(name for path in DERIVED.glob("*.yml") for name in yaml.safe_load(path.read_text()))
    assert [name for name, times in names.items() if times > 1] == []
