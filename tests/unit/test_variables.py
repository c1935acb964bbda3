"""docs/variables.md, and what an inventory may set."""

from pathlib import Path

from camgrid.variables import TOPOLOGY, derived_variables, document, known_variables, role_options

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
    """Or the inventory could not give what playbooks/group_vars/all.yml reads from it."""
    text = (ROOT / "playbooks/group_vars/all.yml").read_text()
    assert [name for name in TOPOLOGY if name.startswith("camgrid_host_") and name not in text] == []
    assert {"camgrid_admin_networks", "camgrid_client_networks", "postgresql_version"} <= set(known_variables())
