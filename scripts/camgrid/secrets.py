"""The cluster's passwords: generated on first use, kept in a vault file beside the inventory.

The vault is Ansible's (`ansible-vault view` opens it). Its key lies outside the project, in the file named by
CAMGRID_VAULT_PASSWORD_FILE or else ~/.config/camgrid/vault-password.

Run as `python -m camgrid.secrets INVENTORY` it makes what is missing and prints what it made as JSON.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from camgrid.errors import CamgridError
from camgrid.inventory import Inventory, load

# Database roles that log in with a password; the superuser and the nodes among themselves use certificates.
PASSWORD_ROLES = ("writer", "reader", "reporter", "monitor")
# What is no database role's: the passphrase of the backups' repository, the password of the status page.
PASSPHRASES = ("backup", "status_page")
_KEY = Path("~/.config/camgrid/vault-password")


def key_file() -> Path:
    """The file that holds the vault's key."""
    return Path(os.environ.get("CAMGRID_VAULT_PASSWORD_FILE") or _KEY).expanduser()


def write_private(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Writes path whole or not at all; never readable by others, not even for a moment."""
    _private_directory(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _private_directory(path: Path) -> None:
    # mkdir's own parents=True would give the parents whatever mode the umask leaves.
    if not path.exists():
        _private_directory(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def passwords(inventory: Inventory) -> dict[str, str]:
    """Role → password. CamgridError when the vault is missing or its key does not open it."""
    path = _vault(inventory)
    if not path.exists():
        raise CamgridError(
            "the cluster's vault is missing",
            where=str(path),
            hint="run the playbook playbooks/site.yml from this machine once, or bring the file from where it ran",
        )
    return _decrypt(path)["passwords"]


def logins(inventory: Inventory) -> dict[str, str]:
    """Role → the login of PostgreSQL that its password is of."""
    changed = read(inventory).get("logins", {})
    return {role: changed.get(role, f"camgrid_{role}") for role in PASSWORD_ROLES}


def by_login(inventory: Inventory) -> dict[str, str]:
    """Login of PostgreSQL → password. CamgridError as of `passwords`."""
    found, names = passwords(inventory), logins(inventory)
    return {names[role]: password for role, password in found.items()}


def read(inventory: Inventory) -> dict[str, Any]:
    """All that the vault holds; nothing where there is none. CamgridError when its key does not open it."""
    path = _vault(inventory)
    return _decrypt(path) if path.exists() else {}


def write(inventory: Inventory, content: dict[str, Any]) -> None:
    """Replaces what the vault holds."""
    write_private(_vault(inventory), _vault_lib().encrypt(yaml.safe_dump(content)))


def passphrase(inventory: Inventory, name: str) -> str:
    """One of PASSPHRASES. CamgridError when the vault is missing, older than it, or its key does not open it."""
    path = _vault(inventory)
    found = _decrypt(path).get("passphrases", {}).get(name) if path.exists() else None
    if found is None:
        raise CamgridError(f"the vault has no passphrase {name}", where=str(path), hint="run playbooks/site.yml")
    return found


def ensure(inventory: Inventory) -> list[str]:
    """Generates the passwords that are missing. Returns the names of what it made, in order."""
    content = read(inventory) or {"passwords": {}}
    phrases = content.setdefault("passphrases", {})
    missing = [role for role in PASSWORD_ROLES if role not in content["passwords"]]
    missing += [name for name in PASSPHRASES if name not in phrases]
    if missing:
        content["passwords"] |= {role: secrets.token_urlsafe(32) for role in missing if role in PASSWORD_ROLES}
        phrases |= {name: secrets.token_urlsafe(48) for name in missing if name in PASSPHRASES}
        if not key_file().exists():
            write_private(key_file(), secrets.token_urlsafe(48).encode() + b"\n")
        write(inventory, content)
    return missing


def _vault(inventory: Inventory) -> Path:
    return inventory.secrets_dir / "vault.yml"


def _vault_lib():
    # Imported here: Ansible takes half a second, and only commands with a cluster need it.
    from ansible.parsing.vault import VaultLib, VaultSecret

    path = key_file()
    if not path.exists():
        raise CamgridError(
            "the vault's key is missing",
            where=str(path),
            hint="bring the file from where the vault was made, or name another in CAMGRID_VAULT_PASSWORD_FILE",
        )
    return VaultLib([("default", VaultSecret(path.read_bytes().strip()))])


def _decrypt(path: Path) -> dict[str, Any]:
    from ansible.errors import AnsibleError

    try:
        return yaml.safe_load(_vault_lib().decrypt(path.read_bytes()))
    except AnsibleError as error:
        raise CamgridError(
            "the vault's key does not open it",
            where=str(path),
            hint=f"{key_file()} must hold the key it was made with; CAMGRID_VAULT_PASSWORD_FILE names another",
        ) from error


def main() -> None:
    """Makes what is missing for the inventory named in argv."""
    try:
        print(json.dumps({"changed": ensure(load(sys.argv[1]))}))
    except CamgridError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
