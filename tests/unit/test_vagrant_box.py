"""A box is not begun that could not be finished."""

import pytest

from camgrid import vagrant_box
from camgrid.errors import CamgridError, UsageError


def test_without_vagrant_there_is_no_key_and_no_box(monkeypatch, tmp_path):
    monkeypatch.setattr(vagrant_box, "KEYS", (f"{tmp_path}/vagrant-*/keys",))
    with pytest.raises(CamgridError, match="Vagrant is not installed"):
        vagrant_box.public_keys()


def test_the_newest_vagrant_s_keys_are_taken(monkeypatch, tmp_path):
    for version in ("2.3.4", "2.4.1"):
        keys = tmp_path / f"vagrant-{version}/keys"
        keys.mkdir(parents=True)
        (keys / "vagrant.pub").write_text(version)
    monkeypatch.setattr(vagrant_box, "KEYS", (f"{tmp_path}/vagrant-*/keys",))
    assert vagrant_box.public_keys() == "2.4.1"


def test_missing_programs_are_named_by_their_packages_before_anything_is_made(monkeypatch, tmp_path):
    monkeypatch.setattr(vagrant_box, "check_kind", lambda: None)
    monkeypatch.setattr(vagrant_box, "PROGRAMS", {"no-such-program": "its-package"})
    with pytest.raises(UsageError) as caught:
        vagrant_box.build(tmp_path / "a.box")
    assert caught.value.hint == "apt-get install its-package"
    assert not list(tmp_path.iterdir())
