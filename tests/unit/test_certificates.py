"""Certificates that end soon are told thirty days ahead, kept or shown, whatever speaks on the port."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from camgrid import certificates, patroni, pki
from camgrid.monitoring import PROMETHEUS_PORT
from camgrid.topology import POOL_PORT, STATISTICS_PORT, STATUS_PAGE_PORT, build
from tests.unit.inventories import single


@pytest.fixture
def made(tmp_path, monkeypatch):
    """made(host_life, ca_life): an inventory with certificates of these ages, in days; nobody answers on its hosts."""
    monkeypatch.setattr(certificates, "served", lambda _: {})

    def make(host_life: float, ca_life: float = 3650):
        monkeypatch.setattr(pki, "HOST_LIFE", timedelta(days=host_life))
        monkeypatch.setattr(pki, "CA_LIFE", timedelta(days=ca_life))
        inventory = single(tmp_path)
        pki.ensure(inventory, build(inventory))
        return inventory

    return make


def told(inventory) -> list[str]:
    return [finding.what for finding in certificates.findings(inventory, build(inventory))]


def test_those_that_last_are_not_told(made):
    assert told(made(31, 31)) == []


def test_those_that_end_within_a_month_are_told_for_each_host_and_the_operator(made):
    inventory = made(29)
    found = told(inventory)
    assert "the certificate of operator ends in 28 days" in found
    assert len(found) == len(build(inventory).hosts) + 1


def test_the_ca_is_told_with_what_makes_another(made):
    inventory = made(825, 20)
    (finding,) = certificates.findings(inventory, build(inventory))
    assert finding.what == "the cluster's CA ends in 19 days"
    assert "rotate_secrets.yml" in finding.next


def test_what_a_host_shows_is_told_with_its_port(made, monkeypatch):
    inventory = made(825)
    past = datetime.now(UTC) - timedelta(days=2)
    lasting = SimpleNamespace(not_valid_after_utc=datetime.now(UTC) + timedelta(days=400))
    shown = {("c1", 6432): SimpleNamespace(not_valid_after_utc=past), ("c1", 5432): lasting, ("w1a", 8008): None}
    monkeypatch.setattr(certificates, "served", lambda _: shown)
    (finding,) = certificates.findings(inventory, build(inventory))
    assert (finding.what, finding.where) == (f"the certificate that c1 shows ended on {past:%Y-%m-%d}", "port 6432")


def test_all_that_an_operator_reaches_is_asked(tmp_path):
    topology = build(single(tmp_path))
    places = set(certificates._places(topology))
    node, proxy = topology.nodes[0].host, topology.proxies()[0]
    assert {(node, 5432), (node, POOL_PORT), (node, patroni.PORT), (proxy, STATISTICS_PORT)} <= places
    (monitor,) = topology.roles["monitor"]
    assert {(monitor, PROMETHEUS_PORT), (monitor, STATUS_PAGE_PORT)} <= places


@contextmanager
def listening(pem, *, asks: bool):
    """A server for one connection; asks: whether TLS is asked for as in PostgreSQL's protocol. Gives its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            raw, _ = server.accept()
            if asks and raw.recv(8) == certificates._SSL_REQUEST:
                raw.sendall(b"S")
            with context.wrap_socket(raw, server_side=True) as connection:
                connection.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(5)


@pytest.mark.parametrize("asks", [True, False])
def test_what_is_shown_is_read_from_whoever_speaks_tls(made, monkeypatch, asks):
    pem = pki.directory(made(40)) / "operator.pem"
    with listening(pem, asks=asks) as port:
        monkeypatch.setattr(certificates, "POOL_PORT", port if asks else 0)
        shown = certificates._shown("127.0.0.1", port)
    assert timedelta(days=39) < shown.not_valid_after_utc - datetime.now(UTC) < timedelta(days=40)


def test_nobody_there_is_no_answer():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert certificates._shown("127.0.0.1", port) is None
