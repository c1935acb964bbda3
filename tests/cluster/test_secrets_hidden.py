"""Each generated secret is looked for on every host and on this machine: it is where it must be and nowhere else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from camgrid import pki, secrets

pytestmark = pytest.mark.once

# Looked through whatever the modes are; what is in it and may hold a secret.
_EVERYTHING = ["/etc", "/root", "/var/log", "/var/tmp"]  # noqa: S108
_WHERE_IT_MUST = {("the passphrase of backups", "/etc/pgbackrest.conf")}


@pytest.fixture(scope="module")
def generated(cluster) -> dict[str, str]:
    """name → what to look for: passwords and passphrases whole, and of each key a line that no other has."""
    vault = secrets.passwords(cluster.inventory)
    found = {f"the password of {role}": password for role, password in vault.items()}
    found["the passphrase of backups"] = secrets.passphrase(cluster.inventory, "backup")
    found["the vault's key"] = secrets.key_file().read_text().strip()
    where = pki.directory(cluster.inventory)
    for path in (*where.glob("*.pem"), where / "ca.key"):
        text = path.read_text()
        found[f"the key of {path.stem}"] = text[text.index("PRIVATE KEY-----") :].splitlines()[2]
    return found


def looked(cluster, generated, address: str) -> dict:
    # The file that is never written again says since when there are secrets.
    since = (pki.directory(cluster.inventory) / "ca.crt").stat().st_mtime - 3600
    told = {"secrets": generated, "since": since, "everything": _EVERYTHING}
    return cluster.run_there("find_secrets", told, address)


def test_secrets_are_nowhere_to_be_read(cluster, generated):
    for name, address in cluster.topology.hosts.items():
        told = looked(cluster, generated, address)
        own = (f"the key of {name}", "/etc/camgrid/pki/node.pem")
        assert tuple(own) in {tuple(each) for each in told["found"]}, "it does not find what is there"
        astray = [each for each in told["found"] if tuple(each) not in _WHERE_IT_MUST | {own}]
        assert astray == [], name
        assert told["searched"] > 20, name
        assert told["journal"] > 1000, name


def test_what_holds_one_is_closed_to_others(host):
    for path in ("/etc/camgrid/pki/node.pem", "/etc/pgbackrest.conf"):
        if host.file(path).exists:
            assert host.file(path).mode & 0o007 == 0, path


def test_nor_in_what_this_machine_wrote_down(cluster, generated):
    log = cluster.lab.directory / "ansible.log"
    assert log.stat().st_size > 1000
    text = log.read_text()
    assert [name for name, value in generated.items() if value in text] == []


def test_a_run_shows_none_whatever_it_is_asked_for(cluster, generated):
    """Of the roles that write secrets, with all that Ansible can say."""
    command = ["ansible-playbook", "-i", str(cluster.path), "playbooks/hosts.yml", "--check", "--diff", "-vvv"]
    command += ["--tags", "pki", "--limit", f"localhost,{next(iter(cluster.topology.hosts))}"]
    told = subprocess.run([f"{sys.prefix}/bin/{command[0]}", *command[1:]], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout[-2000:]
    said = told.stdout + told.stderr
    assert [name for name, value in generated.items() if value in said] == []
