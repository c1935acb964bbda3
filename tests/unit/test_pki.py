"""The CA and the certificates: what they carry, when they are made anew, and who can read the keys."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from camgrid import pki
from camgrid.errors import CamgridError
from camgrid.topology import build
from tests.unit.inventories import single


@pytest.fixture
def made(tmp_path):
    inventory = single(tmp_path)
    pki.ensure(inventory, build(inventory))
    return inventory


def certificate(inventory, stem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((pki.directory(inventory) / f"{stem}.pem").read_bytes())


def verify(inventory, stem: str, name: str) -> None:
    """Raises VerificationError unless a client with the cluster's CA would accept the host under that name."""
    ca = x509.load_pem_x509_certificate((pki.directory(inventory) / "ca.crt").read_bytes())
    policy = PolicyBuilder().store(Store([ca]))
    policy.build_server_verifier(pki._general_name(name)).verify(certificate(inventory, stem), [])


def keys(inventory) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in pki.directory(inventory).iterdir()}


@pytest.mark.parametrize(
    "name", ["w1a", "10.0.0.21", "localhost", "127.0.0.1", "g1m1.camgrid.internal", "g1m2.camgrid.internal"]
)
def test_a_node_is_trusted_under_its_names_and_those_of_its_group(made, name):
    verify(made, "w1a", name)


@pytest.mark.parametrize("name", ["w1b", "10.0.0.22", "g2m1.camgrid.internal", "g0m1.camgrid.internal"])
def test_a_node_is_not_trusted_under_the_names_of_others(made, name):
    with pytest.raises(VerificationError):
        verify(made, "w1a", name)


def test_a_host_that_is_no_node_cannot_speak_for_database_roles(made):
    # PostgreSQL's pg_ident lets *.node.camgrid.internal be any role.
    assert certificate(made, "w1a").subject.rfc4514_string() == "CN=w1a.node.camgrid.internal"
    assert certificate(made, "svc").subject.rfc4514_string() == "CN=svc.host.camgrid.internal"


def test_the_key_in_the_file_is_the_certificates(made):
    for stem in ("w1a", "svc", "operator"):
        content = (pki.directory(made) / f"{stem}.pem").read_bytes()
        key = serialization.load_pem_private_key(content, None)
        assert key.public_key() == certificate(made, stem).public_key()


def test_only_the_owner_can_read_keys(made):
    directory = pki.directory(made)
    assert directory.stat().st_mode & 0o777 == directory.parent.stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in directory.iterdir()}
    assert modes.pop("ca.crt") == 0o644
    assert set(modes.values()) == {0o600}


def test_every_active_host_and_the_operator_get_one(tmp_path):
    inventory = single(tmp_path)
    hosts = {f"{host}.pem" for host in ("c1", "c2", "w1a", "w1b", "w2a", "svc")}
    assert set(pki.ensure(inventory, build(inventory))) == {"ca.crt", "ca.key", "operator.pem", *hosts}


def test_a_second_run_changes_nothing(made):
    before = keys(made)
    assert pki.ensure(made, build(made)) == []
    assert keys(made) == before


def test_a_new_member_renews_its_group_and_nobody_else(made):
    made.hosts["w2b"] = made.hosts["w2a"] | {"ansible_host": "10.0.0.32"}
    for group in ("workers", "region_main"):
        made.groups[group].append("w2b")
    assert set(pki.ensure(made, build(made))) == {"w2a.pem", "w2b.pem"}
    verify(made, "w2a", "g2m2.camgrid.internal")


def test_a_new_address_renews_the_host(made):
    made.hosts["svc"]["ansible_host"] = "10.0.0.6"
    # The proxy's too, and the nodes', which carry the proxy's address.
    nodes = sorted(f"{node.host}.pem" for node in build(made).nodes if node.region == "region_main")
    assert sorted(pki.ensure(made, build(made))) == [*nodes[:2], "svc.pem", *nodes[2:]]


def test_a_certificate_is_renewed_while_it_is_still_good(made, monkeypatch):
    monkeypatch.setattr(pki, "RENEW_BEFORE", pki.HOST_LIFE - timedelta(hours=2))
    assert pki.ensure(made, build(made)) == []
    monkeypatch.setattr(pki, "RENEW_BEFORE", pki.HOST_LIFE)
    assert len(pki.ensure(made, build(made))) == len(build(made).hosts) + 1


def test_a_certificate_of_another_ca_is_replaced(made, tmp_path):
    other = single(tmp_path / "other")
    pki.ensure(other, build(other))
    (pki.directory(made) / "svc.pem").write_bytes((pki.directory(other) / "svc.pem").read_bytes())
    assert pki.ensure(made, build(made)) == ["svc.pem"]


def test_without_its_key_the_ca_is_never_replaced(made):
    (pki.directory(made) / "ca.key").unlink()
    assert pki.ensure(made, build(made)) == []
    made.hosts["svc"]["ansible_host"] = "10.0.0.6"
    with pytest.raises(CamgridError, match=r"ca\.key.*missing"):
        pki.ensure(made, build(made))


def test_run_as_a_program_it_says_what_it_made(tmp_path):
    lines = "all: {vars: {camgrid_cluster: x, camgrid_phase: foundation}}\n"
    lines += "coordinator: {hosts: {c1: {ansible_host: 10.0.0.1}}}\nregion_main: {hosts: {c1: }}\n"
    (tmp_path / "hosts.yml").write_text(lines)
    command = [sys.executable, "-m", "camgrid.pki", tmp_path]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    assert json.loads(run.stdout) == {"changed": ["ca.crt", "ca.key", "operator.pem", "c1.pem"]}
