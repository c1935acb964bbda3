"""What counts as an answer of a host, and how etcd's gateway is asked; over real sockets on this machine."""

import contextlib
import errno
import json
import socket
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from camgrid import pki
from camgrid.topology import build
from roles.fast_failover.files.camgrid_fast_failover import probe
from roles.fast_failover.files.camgrid_fast_failover.etcd import Etcd, EtcdError, LeaseNotFoundError
from tests.unit.inventories import single


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    """Makes TLS contexts as a host of a cluster has them: of a client, or of a server that wants certificates."""
    inventory = single(tmp_path_factory.mktemp("inventory"), camgrid_phase="read_scaling")
    topology = build(inventory)
    pki.ensure(inventory, topology)
    directory = pki.directory(inventory)

    def context(purpose=ssl.Purpose.SERVER_AUTH):
        made = ssl.create_default_context(purpose, cafile=directory / "ca.crt")
        made.load_cert_chain(directory / f"{next(iter(topology.hosts))}.pem")
        if purpose is ssl.Purpose.CLIENT_AUTH:
            made.verify_mode = ssl.CERT_REQUIRED
        return made

    return context


@contextlib.contextmanager
def listening(act):
    """A port of 127.0.0.1 whose connections act gets."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    act(server.accept()[0])

        Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


@pytest.fixture
def mute():
    """A port of a host whose kernel is there and whose programs are frozen: connections are made, nothing is said."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def refusing():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_a_frozen_host_does_not_answer(context, mute):
    assert not probe.answers("127.0.0.1", context, mute, mute)


@pytest.mark.parametrize(("error", "alive"), [("EHOSTUNREACH", False), ("ETIMEDOUT", False), ("EMFILE", True)])
def test_a_host_without_a_way_to_it_does_not_answer_and_our_own_trouble_proves_nothing(monkeypatch, error, alive):
    def fail(*_, **__):
        raise OSError(getattr(errno, error), error)

    monkeypatch.setattr(probe.socket, "create_connection", fail)
    assert probe.answers("192.0.2.1", ssl.create_default_context) is alive


def test_a_byte_of_postgresql_is_an_answer(context, mute):
    with listening(lambda connection: connection.sendall(b"S")) as port:
        assert probe.answers("127.0.0.1", context, mute, port)


@pytest.mark.parametrize("act", [lambda each: each.sendall(b"no TLS"), lambda each: each.close()])
def test_whatever_patroni_says_is_an_answer(context, mute, act):
    with listening(act) as port:
        assert probe.answers("127.0.0.1", context, port, mute)


def test_a_refused_connection_is_an_answer(context, mute, refusing):
    assert probe.answers("127.0.0.1", context, refusing, mute)
    assert probe.answers("127.0.0.1", context, mute, refusing)


@pytest.fixture
def gateway(context):
    """Serves one answer after the other: (status, document). The ports, and what was asked."""
    answers, asked, connections = [], [], set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            connections.add(self.client_address)
            asked.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            status, document = answers.pop(0)
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context(ssl.Purpose.CLIENT_AUTH).wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1], answers, asked, connections
    server.shutdown()
    server.server_close()


def test_etcd_is_asked_over_one_connection_that_stays_open(context, gateway):
    port, answers, asked, connections = gateway
    answers += [(200, {"ID": "12"}), (200, {"result": {"TTL": "10"}}), (200, {"TTL": "17", "grantedTTL": "20"})]
    etcd = Etcd(["127.0.0.1"], context, port)
    assert etcd.grant(10) == "12"
    etcd.keep_alive("12")
    assert etcd.age("12") == 3
    assert asked == [
        ("/v3/lease/grant", {"TTL": 10}),
        ("/v3/lease/keepalive", {"ID": "12"}),
        ("/v3/lease/timetolive", {"ID": "12"}),
    ]
    assert len(connections) == 1
    etcd.close()


def test_a_member_that_is_gone_or_cannot_is_passed_over(context, gateway):
    port, answers, _, _ = gateway
    etcd = Etcd(["127.0.0.2", "127.0.0.1"], context, port)  # no certificate names the first
    answers += [(200, {"ID": "1"}), (503, {"code": 14, "message": "etcdserver: no leader"}), (200, {"ID": "2"})]
    assert etcd.grant(10) == "1"
    assert etcd.grant(10) == "2"
    etcd.close()


def test_silence_is_not_taken_for_a_lease_that_ended(context, gateway, refusing):
    port, answers, _, _ = gateway
    answers += [(404, {"code": 5, "message": "requested lease not found"})] * 2 + [(200, {"TTL": "-1"})]
    etcd = Etcd(["127.0.0.1"], context, port)
    etcd.revoke("1")
    with pytest.raises(LeaseNotFoundError):
        etcd.call("kv/put", {"lease": "1"})
    with pytest.raises(LeaseNotFoundError):
        etcd.age("1")
    etcd.close()
    with pytest.raises(EtcdError, match=r"127\.0\.0\.1"):
        Etcd(["127.0.0.1"], context, refusing).revoke("1")
