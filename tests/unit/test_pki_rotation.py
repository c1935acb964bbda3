"""While certificates are rotated, each host is trusted by all others in the stage before, in it and after it."""

from __future__ import annotations

import shutil
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from camgrid import pki, pki_rotation
from camgrid.errors import CamgridError
from camgrid.topology import build
from tests.unit.inventories import single


@pytest.fixture
def made(tmp_path):
    inventory = single(tmp_path)
    pki.ensure(inventory, build(inventory))
    return inventory


def enter(inventory, stage: str) -> list[str]:
    return pki_rotation.enter(inventory, build(inventory), stage)


def state(inventory, into: Path) -> Path:
    """A copy of what the hosts get in this stage."""
    return Path(shutil.copytree(pki.directory(inventory), into))


def trusts(one: Path, other: Path, host: str = "w1a") -> bool:
    """Whether a host with the CAs of one state takes the certificate that a host shows in the other."""
    cas = x509.load_pem_x509_certificates((one / "ca.crt").read_bytes())
    shown = x509.load_pem_x509_certificate((other / f"{host}.pem").read_bytes())
    try:
        PolicyBuilder().store(Store(cas)).build_server_verifier(x509.DNSName(host)).verify(shown, [])
    except VerificationError:
        return False
    return True


def test_hosts_of_two_stages_in_a_row_trust_each_other(made, tmp_path):
    states = [state(made, tmp_path / "before")]
    for stage in pki_rotation.STAGES:
        enter(made, stage)
        states.append(state(made, tmp_path / stage))
    for one, other in pairwise(states):
        assert trusts(one, other)
        assert trusts(other, one)
    # What was stolen before is worth nothing afterwards, and who missed all of it is shut out.
    assert not trusts(states[-1], states[0])
    assert not trusts(states[0], states[-1])


def test_every_certificate_is_another_in_every_stage(made):
    seen: dict[str, set[int]] = {}
    for stage in pki_rotation.STAGES:
        made_now = enter(made, stage)
        assert {f"{host}.pem" for host in build(made).hosts} <= set(made_now)
        for path in pki.directory(made).glob("*.pem"):
            serial = x509.load_pem_x509_certificate(path.read_bytes()).serial_number
            assert serial not in seen.setdefault(path.name, set())
            seen[path.name].add(serial)


@pytest.mark.parametrize("stage", pki_rotation.STAGES)
def test_a_stage_that_was_entered_changes_nothing_more(made, stage):
    for each in pki_rotation.STAGES[: pki_rotation.STAGES.index(stage) + 1]:
        enter(made, each)
    assert enter(made, stage) == []
    assert pki.ensure(made, build(made)) == []
    assert pki_rotation.stage(made) == stage


class Killed(BaseException):
    """The process is gone, whatever it would have caught."""


@pytest.mark.parametrize("stage", pki_rotation.STAGES)
@pytest.mark.parametrize("writes", range(8))
def test_whoever_was_killed_in_a_stage_goes_on_with_it(made, monkeypatch, stage, writes):
    for each in pki_rotation.STAGES[: pki_rotation.STAGES.index(stage)]:
        enter(made, each)
    left, write = [writes], pki.write_private

    def dying(path, content, mode=0o600):
        if not left[0]:
            raise Killed
        left[0] -= 1
        write(path, content, mode)

    with monkeypatch.context() as killing:
        killing.setattr(pki, "write_private", dying)
        killing.setattr(pki_rotation, "write_private", dying)
        with pytest.raises(Killed):
            enter(made, stage)
    # Any playbook may run in between: it does no harm, and refuses where it cannot go on.
    with suppress(CamgridError):
        pki.ensure(made, build(made))
    enter(made, stage)
    where = pki.directory(made)
    assert all(trusts(where, where, host) for host in build(made).hosts)


def test_a_stage_out_of_turn_is_refused(made):
    with pytest.raises(CamgridError, match="none is under way"):
        enter(made, "issued")
    enter(made, "trusting")
    with pytest.raises(CamgridError, match="it is at trusting"):
        enter(made, "ended")
    with pytest.raises(CamgridError, match="the last stage was not reached"):
        pki_rotation.done(made)


def test_nothing_of_the_old_ca_is_left(made):
    old = (pki.directory(made) / "ca.key").read_bytes()
    for stage in pki_rotation.STAGES:
        enter(made, stage)
    pki_rotation.done(made)
    left = [path for path in made.secrets_dir.rglob("*") if path.is_file()]
    assert not [path for path in left if old in path.read_bytes()]
    assert not [path for path in left if path.name != "ca.crt" and path.stat().st_mode & 0o077]
    assert pki_rotation.stage(made) == ""


def test_a_service_that_shows_another_certificate_is_named(made, monkeypatch):
    host = next(iter(build(made).hosts))
    kept = x509.load_pem_x509_certificate((pki.directory(made) / f"{host}.pem").read_bytes())
    monkeypatch.setattr(pki_rotation.certificates, "served", lambda _: {(host, 5432): kept, (host, 6432): None})
    assert pki_rotation.unread(made, build(made)) == [f"{host} port 6432"]
    enter(made, "trusting")
    assert pki_rotation.unread(made, build(made)) == [f"{host} port 5432", f"{host} port 6432"]
