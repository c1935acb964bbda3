"""Packages of a release come from the mirrors that the machine itself uses."""

import pytest

from camgrid.bundle.releases import RELEASES
from camgrid.errors import UsageError

INDEXES = """\
http://mirror.example.org/debian/ bookworm main
http://mirror.example.org/debian/ bookworm-updates main
http://mirror.example.org/debian-security/ bookworm-security main
http://mirror.example.org/debian/ bookworm main
http://packages.example.com/ stable tool
"""


def test_each_suite_is_that_of_the_release_and_other_repositories_are_left_out():
    signed = f"deb [signed-by={RELEASES['trixie'].keyring}]"
    assert RELEASES["trixie"].at(INDEXES, "bookworm").splitlines() == [
        f"{signed} http://mirror.example.org/debian-security/ trixie-security main",
        f"{signed} http://mirror.example.org/debian/ trixie main",
        f"{signed} http://mirror.example.org/debian/ trixie-updates main",
    ]


def test_a_machine_without_a_mirror_is_told_how_to_name_one():
    with pytest.raises(UsageError, match="no mirror of bookworm") as refused:
        RELEASES["trixie"].at("http://packages.example.com/ stable tool\n", "bookworm")
    assert "--sources" in refused.value.hint


def test_mirrors_of_another_distribution_are_not_taken(monkeypatch):
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: {"ID": "debian", "VERSION_CODENAME": "bookworm"})
    with pytest.raises(UsageError, match="mirrors of debian, not of Ubuntu"):
        RELEASES["noble"].sources()
