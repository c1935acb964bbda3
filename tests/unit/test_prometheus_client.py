"""What is asked of a Prometheus and read from it, over TLS with a certificate of the cluster's."""

from __future__ import annotations

import json
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from camgrid import pki
from camgrid.errors import CamgridError
from camgrid.prometheus import Prometheus, Sample
from camgrid.topology import build
from tests.unit.inventories import single

SERIES = {"metric": {"__name__": "up", "instance": "a"}, "value": [1700000000.1, "1"]}


@pytest.fixture(scope="module")
def where(tmp_path_factory):
    """A directory with a CA and certificates, as the playbooks make them; the host svc's is for 10.0.0.5 alone."""
    inventory = single(tmp_path_factory.mktemp("inventory"))
    inventory.hosts["svc"]["ansible_host"] = "127.0.0.1"
    pki.ensure(inventory, build(inventory))
    return pki.directory(inventory)


@pytest.fixture
def served(where):
    """A server that wants a certificate and answers with `text`; `asked` is what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked.append(self.path)
            self.send_response(server.status)
            self.end_headers()
            self.wfile.write(server.text.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(where / "ca.crt"))
    context.load_cert_chain(where / "svc.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.asked, server.status = [], 200
    server.text = json.dumps({"status": "success", "data": {"resultType": "vector", "result": [SERIES]}})
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def prometheus(served, where):
    return Prometheus(f"https://127.0.0.1:{served.server_port}", str(where / "svc.pem"), str(where / "ca.crt"))


def test_an_expression_is_asked_as_it_is_and_its_series_are_read(served, prometheus):
    assert prometheus.query('up{instance=~"a|b"} > 0') == [Sample("up", {"__name__": "up", "instance": "a"}, 1.0)]
    asked = urlsplit(served.asked[0])
    assert (asked.path, parse_qs(asked.query)) == ("/api/v1/query", {"query": ['up{instance=~"a|b"} > 0']})


@pytest.mark.parametrize("text", ["<html>", "{}", '{"data": {"result": [{"metric": {}, "value": []}]}}', "[1]"])
def test_an_answer_of_something_else_is_told(served, prometheus, text):
    served.text = text
    with pytest.raises(CamgridError, match="no Prometheus"):
        prometheus.query("up")


def test_an_error_of_its_own_is_told(served, prometheus):
    served.status = 503
    with pytest.raises(CamgridError, match="does not answer: HTTP Error 503"):
        prometheus.query("up")


def test_nobody_there_and_a_stranger_are_told(served, prometheus, where, tmp_path):
    other = single(tmp_path)
    pki.ensure(other, build(other))
    stranger = Prometheus(prometheus.url, prometheus.certificate, str(pki.directory(other) / "ca.crt"))
    with pytest.raises(CamgridError, match="certificate verify failed"):
        stranger.query("up")
    with pytest.raises(CamgridError, match="does not answer"):
        Prometheus("https://127.0.0.1:1", prometheus.certificate, prometheus.ca_certificate).query("up")
    with pytest.raises(CamgridError, match="does not answer"):
        Prometheus(prometheus.url, str(where / "away.pem"), prometheus.ca_certificate).query("up")
