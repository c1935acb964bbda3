"""A change of passwords goes step by step through the vault, and is gone on with from wherever it was stopped."""

from __future__ import annotations

import pytest

from camgrid import password_rotation as rotation
from camgrid import secrets
from camgrid.errors import CamgridError, UsageError
from camgrid.logins import Locked
from tests.unit.inventories import single
from tests.unit.memory_logins import App


@pytest.fixture
def app(tmp_path, monkeypatch):
    """A cluster whose passwords are in use; each that is tried gets in when the database has it."""
    monkeypatch.setenv("CAMGRID_VAULT_PASSWORD_FILE", str(tmp_path / "key"))
    app = App(single(tmp_path))
    secrets.ensure(app.inventory)
    app.database.passwords |= secrets.by_login(app.inventory)
    monkeypatch.setattr(rotation.passwords, "matches", lambda stored, word: stored == word)
    monkeypatch.setattr(rotation.run, "set_password", lambda login, word: lambda db: db.passwords.update({login: word}))

    def get_in(app, role, entry):
        if app.database.passwords[entry["login"]] != entry["password"]:
            raise CamgridError("does not get in")

    monkeypatch.setattr(rotation, "_try", get_in)
    monkeypatch.setattr(rotation.logins, "end", lambda *_: [Locked("w1a", 1)])
    return app


def whole(app, roles=()) -> None:
    rotation.stage(app, list(roles))
    rotation.open_(app)
    rotation.switch(app)
    rotation.revoke(app)
    rotation.close(app)


def test_what_is_in_use_is_valid_after_every_step_and_the_old_until_it_is_revoked(app):
    before = set(app.in_use().values())
    for step in (lambda app: rotation.stage(app, []), rotation.open_, rotation.switch):
        step(app)
        assert set(app.in_use().values()) <= app.valid()
        assert before <= app.valid()
    now = set(app.in_use().values())
    assert not now & before
    rotation.revoke(app)
    assert app.valid() == now
    rotation.close(app)
    assert rotation.at(app) == "stage"


def test_nothing_of_an_old_password_is_left_in_the_vault(app):
    before = secrets.passwords(app.inventory)
    whole(app)
    text = str(secrets.read(app.inventory))
    assert not [word for word in before.values() if word in text]


@pytest.mark.parametrize("stopped_after", range(6))
def test_whoever_was_stopped_goes_on_where_it_was(app, stopped_after):
    steps = [lambda app: rotation.stage(app, []), rotation.open_, rotation.switch, rotation.revoke, rotation.close]
    before = app.in_use()
    for step in steps[:stopped_after]:
        step(app)
    staged = secrets.read(app.inventory).get("next")
    rotation.stage(app, [])
    if staged:
        assert secrets.read(app.inventory)["next"] == staged, "a new password would leave the one staged before behind"
    for step in steps[1:]:
        step(app)
    assert not set(app.in_use().values()) & set(before.values())
    assert app.valid() == set(app.in_use().values())


def test_two_changes_come_back_to_the_first_login(app):
    before = secrets.logins(app.inventory)
    whole(app)
    assert secrets.logins(app.inventory) == {role: f"{login}_2" for role, login in before.items()}
    whole(app)
    assert secrets.logins(app.inventory) == before


def test_one_role_alone(app):
    before = app.in_use()
    whole(app, ["reader"])
    changed = {role for role, pair in app.in_use().items() if before[role] != pair}
    assert changed == {"reader"}
    with pytest.raises(UsageError, match="no role backup"):
        rotation.stage(app, ["backup"])


def test_the_pages_password_is_changed_with_all_others_and_the_backups_is_kept(app):
    before = {name: secrets.passphrase(app.inventory, name) for name in secrets.PASSPHRASES}
    assert "status_page" in rotation.stage(app, [])
    rotation.open_(app)
    assert secrets.passphrase(app.inventory, "status_page") == before["status_page"], "the page is not told yet"
    assert "status_page" in rotation.switch(app)
    now = {name: secrets.passphrase(app.inventory, name) for name in secrets.PASSPHRASES}
    assert now["status_page"] != before["status_page"]
    assert now["backup"] == before["backup"], "no repository could be read any more"
    rotation.stage(app, [])
    rotation.switch(app)
    assert secrets.passphrase(app.inventory, "status_page") == now["status_page"], "until the roles' are closed"
    assert before["status_page"] not in str(secrets.read(app.inventory))


@pytest.mark.parametrize("stopped_after", range(4))
def test_the_pages_password_alone(app, stopped_after):
    roles, before = app.in_use(), secrets.passphrase(app.inventory, "status_page")
    steps = [lambda app: rotation.stage(app, ["status_page"]), rotation.open_, rotation.switch]
    for step in steps[:stopped_after]:
        step(app)
    for step in steps:
        step(app)
    assert app.in_use() == roles
    assert secrets.passphrase(app.inventory, "status_page") != before
    assert rotation.at(app) == "stage", "nobody waits for an old one"


def test_a_locked_role_gets_another_password_too(app, monkeypatch):
    monkeypatch.setattr(rotation, "_try", lambda *_: pytest.fail("nobody can try"))
    app.database.locked |= {"camgrid_reader", "camgrid_reader_2"}
    before = app.in_use()
    whole(app, ["reader"])
    assert app.in_use()["reader"] != before["reader"]


def test_a_database_without_the_second_login_is_told_to_get_it(app):
    rotation.stage(app, [])
    del app.database.passwords["camgrid_reader_2"]
    with pytest.raises(CamgridError, match="no camgrid_reader_2"):
        rotation.open_(app)


def test_sessions_that_could_not_be_ended_keep_it_open(app, monkeypatch):
    rotation.stage(app, [])
    rotation.open_(app)
    rotation.switch(app)
    rotation.revoke(app)
    monkeypatch.setattr(rotation.logins, "end", lambda *_: [Locked("w1a", 0, "nobody answers")])
    with pytest.raises(CamgridError, match="nobody answers"):
        rotation.close(app)
    assert rotation.at(app) == "close"
