"""The vault: made once, readable by its owner alone, opened by its key alone."""

import pytest

from camgrid import secrets
from camgrid.errors import CamgridError
from tests.unit.inventories import single


@pytest.fixture(autouse=True)
def key(tmp_path, monkeypatch):
    """Where the vault's key is; not there yet."""
    path = tmp_path / "home" / "vault-password"
    monkeypatch.setenv("CAMGRID_VAULT_PASSWORD_FILE", str(path))
    return path


@pytest.fixture
def inventory(tmp_path):
    return single(tmp_path / "inventory")


def vault(inventory):
    return inventory.secrets_dir / "vault.yml"


def test_every_role_gets_a_long_password_of_its_own(inventory):
    assert secrets.ensure(inventory) == [*secrets.PASSWORD_ROLES, *secrets.PASSPHRASES]
    passwords = secrets.passwords(inventory)
    assert set(passwords) == set(secrets.PASSWORD_ROLES)
    assert len(set(passwords.values())) == len(passwords)
    assert min(map(len, passwords.values())) >= 32


def test_two_clusters_share_no_password(inventory, tmp_path):
    other = single(tmp_path / "other")
    secrets.ensure(inventory)
    secrets.ensure(other)
    assert not {*secrets.passwords(inventory).values()} & {*secrets.passwords(other).values()}


def test_the_file_is_encrypted(inventory):
    secrets.ensure(inventory)
    content = vault(inventory).read_text()
    assert content.startswith("$ANSIBLE_VAULT;1.1;AES256\n")
    assert set("".join(content.split("\n")[1:])) <= set("0123456789abcdef")


def test_only_the_owner_can_read_vault_and_key(inventory, key):
    secrets.ensure(inventory)
    for path in (vault(inventory), key):
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_second_run_changes_nothing(inventory, key):
    secrets.ensure(inventory)
    before = vault(inventory).read_bytes(), key.read_bytes()
    assert secrets.ensure(inventory) == []
    assert (vault(inventory).read_bytes(), key.read_bytes()) == before


def test_a_new_role_is_added_and_the_others_keep_their_passwords(inventory, monkeypatch):
    secrets.ensure(inventory)
    before = secrets.passwords(inventory)
    monkeypatch.setattr(secrets, "PASSWORD_ROLES", (*secrets.PASSWORD_ROLES, "auditor"))
    assert secrets.ensure(inventory) == ["auditor"]
    after = secrets.passwords(inventory)
    assert after.pop("auditor")
    assert after == before


@pytest.mark.parametrize("call", [secrets.passwords, secrets.ensure])
def test_a_wrong_key_is_named_and_nothing_is_written(inventory, key, call):
    secrets.ensure(inventory)
    before = vault(inventory).read_bytes()
    key.write_text("another\n")
    with pytest.raises(CamgridError, match="key does not open it") as caught:
        call(inventory)
    assert caught.value.where == str(vault(inventory))
    assert str(key) in caught.value.hint
    assert vault(inventory).read_bytes() == before


@pytest.mark.parametrize("call", [secrets.passwords, secrets.ensure])
def test_a_missing_key_is_not_made_up_for_a_vault_that_is_there(inventory, key, call):
    secrets.ensure(inventory)
    key.unlink()
    with pytest.raises(CamgridError, match="key is missing"):
        call(inventory)
    assert not key.exists()


def test_a_missing_vault_is_named_and_not_made_by_reading(inventory):
    with pytest.raises(CamgridError, match="vault is missing") as caught:
        secrets.passwords(inventory)
    assert caught.value.where == str(vault(inventory))
    assert "site.yml" in caught.value.hint
    assert not vault(inventory).exists()


def test_a_failed_write_leaves_the_old_file(inventory, tmp_path, monkeypatch):
    path = tmp_path / "private"
    secrets.write_private(path, b"old")

    def fail(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(secrets.os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        secrets.write_private(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
