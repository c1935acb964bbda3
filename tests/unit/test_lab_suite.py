"""A lab of another Debian release: its PostgreSQL, its image, and no change once it has hosts."""

from __future__ import annotations

import pytest

from camgrid.errors import UsageError
from camgrid.lab import config, image, inventory
from camgrid.lab.config import Lab
from camgrid.topology import POSTGRESQL_VERSIONS


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "STATE", tmp_path / "state")
    monkeypatch.setenv("CAMGRID_PACKAGES", str(tmp_path / "packages"))
    monkeypatch.setattr(inventory.machine, "memory_mb", lambda: 24000)
    (tmp_path / "packages").mkdir()
    return tmp_path


def made(suite=None, **memory) -> Lab:
    lab = Lab.open("test", "10.79.0.0/24")
    for name, value in memory.items():
        setattr(lab, name, value)
    inventory.decide_suite(lab, suite)
    inventory.decide_phase(lab)
    lab.save()
    return lab


def test_each_release_brings_a_version_that_camgrid_installs():
    assert set(image.SUITES.values()) == set(POSTGRESQL_VERSIONS)
    assert image.SUITES[made().suite] == POSTGRESQL_VERSIONS[0], "the default"


@pytest.mark.parametrize(("suite", "version"), image.SUITES.items())
def test_the_inventory_names_the_version_that_the_release_brings(suite, version):
    inventory.write(made(suite))
    assert inventory.read(Lab.open("test")).var("postgresql_version") == version


def test_a_release_is_kept_and_not_changed_under_its_hosts():
    lab = made("forky")
    lab.image = "/image"
    lab.save()
    assert made().suite == "forky"
    with pytest.raises(UsageError, match="made with forky, not trixie"):
        made("trixie")


def test_releases_have_images_of_their_own():
    assert image.image_path("trixie") != image.image_path("forky")
    assert image.image_path("forky").name.startswith("forky-")


def test_worker_groups_want_citus_for_the_releases_version(machine):
    (machine / "packages/postgresql-17-citus-14.0_14.0.1_amd64.deb").touch()
    assert made("forky").phase == "read_scaling"
    assert made("trixie", image="", phase="").phase == "horizontal"
