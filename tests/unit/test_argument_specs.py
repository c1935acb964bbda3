"""A role's defaults, its argument specs and its use of both agree; each role has the files that a reader looks for."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from camgrid import topology
from camgrid.variables import ROLES, role_options

NAMES = sorted(path.name for path in ROLES.iterdir())
OPTIONS = [(role, name) for role, options in role_options().items() for name in options]
PYTHON_TYPES = {"str": str, "path": str, "int": int, "float": float, "bool": bool, "list": list, "dict": dict}


def defaults(role: str) -> dict[str, Any]:
    return yaml.safe_load((ROLES / role / "defaults/main.yml").read_text()) or {}


def paragraphs(role: str) -> list[list[str]]:
    """The blocks of defaults/main.yml: comment lines, and what they are about."""
    text = (ROLES / role / "defaults/main.yml").read_text().strip()
    return [block.splitlines() for block in re.split(r"\n\n+", text)]


def used_by(role: str) -> str:
    """Everything that a role does, as one text."""
    directories = (ROLES / role / name for name in ("tasks", "handlers", "templates", "vars"))
    return "\n".join(path.read_text() for each in directories for path in sorted(each.rglob("*")) if path.is_file())


def templated(value: Any) -> bool:
    return isinstance(value, str) and "{{" in value


@pytest.mark.parametrize("role", NAMES)
def test_a_role_has_what_a_reader_looks_for(role):
    for name in ("README.md", "defaults/main.yml", "meta/argument_specs.yml", "tasks/main.yml"):
        assert (ROLES / role / name).is_file(), name
    assert len((ROLES / role / "README.md").read_text().splitlines()) <= 45, "half a page at most"


@pytest.mark.parametrize("role", NAMES)
def test_every_default_is_specified_with_the_same_value(role):
    assert defaults(role) == {
        name: spec["default"] for name, spec in role_options()[role].items() if not spec.get("required")
    }


@pytest.mark.parametrize(("role", "name"), OPTIONS)
def test_an_option_is_typed_described_and_named_after_its_role(role, name):
    spec = role_options()[role][name]
    assert name.startswith(f"{role}_")
    assert spec["description"].endswith(".")
    assert spec["type"] in PYTHON_TYPES
    assert ("default" in spec) != bool(spec.get("required"))
    assert spec["type"] != "list" or "elements" in spec
    value = spec.get("default")
    if value is not None and not templated(value):
        assert type(value) is PYTHON_TYPES[spec["type"]]
        assert value in spec.get("choices", [value])


@pytest.mark.parametrize(("role", "name"), OPTIONS)
def test_an_option_is_used(role, name):
    # schema_inventory in a role's text, but not as a part of another name.
    assert re.search(rf"(?<![a-z0-9_]){name}(?![a-z0-9_])", used_by(role))


@pytest.mark.parametrize("role", NAMES)
def test_a_role_uses_no_inputs_of_another(role):
    others = {name for other, options in role_options().items() if other != role for name in options}
    # A role that uses another gives it its inputs, in a task's vars: `  name: value`.
    text = re.sub(rf"^    ({'|'.join(others)}):", "", used_by(role), flags=re.M)
    assert set(re.findall(r"[a-z][a-z0-9_]+", text)) & others == set()


@pytest.mark.parametrize("role", NAMES)
def test_the_defaults_are_a_manual_with_a_paragraph_for_each_option(role):
    documented = []
    for lines in paragraphs(role):
        assert lines[0].startswith("# "), f"no comment above {lines[0]}"
        named = [match.groups() for line in lines if (match := re.match(rf"(# )?({role}_\w+):(?: |$)", line))]
        assert len(named) == 1, f"not one option under: {lines[0]}"
        commented_out, name = named[0]
        assert bool(commented_out) == role_options()[role][name].get("required", False), "required: without a default"
        documented.append(name)
    assert documented == list(role_options()[role])


@pytest.mark.parametrize("role", NAMES)
def test_internal_variables_are_marked_as_such(role):
    registered = re.findall(r"^ *register: (\w+)$", used_by(role), re.M)
    assert [name for name in registered if not name.startswith(f"__{role}_")] == []
    path = ROLES / role / "vars/main.yml"
    internal = yaml.safe_load(path.read_text()) if path.exists() else {}
    assert [name for name in internal if not name.startswith(f"__{role}_")] == []


def test_the_topology_and_the_roles_agree():
    options = role_options()
    assert tuple(options["postgresql"]["postgresql_version"]["choices"]) == topology.POSTGRESQL_VERSIONS
    assert options["citus"]["citus_packages_dir"]["default"] == topology.PACKAGES_DIR


def test_nothing_in_roles_is_no_role():
    assert all(Path(ROLES / role / "tasks").is_dir() for role in NAMES)
