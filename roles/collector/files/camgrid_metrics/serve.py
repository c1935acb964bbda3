"""Serves the last samples to Prometheus, over TLS and for holders of a certificate alone."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from socketserver import ThreadingMixIn
from threading import Lock, Thread
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import WSGIApplication

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily

from .queries import Sample
from .settings import Settings

_PATIENCE_S = 10


class Samples:
    """What is served: what each part told last. A collector of prometheus_client's."""

    def __init__(self) -> None:
        self._parts: dict[str, list[Sample]] = {}
        self._lock = Lock()

    def replace(self, part: str, samples: list[Sample]) -> None:
        """Takes what a part tells now in place of what it told before."""
        with self._lock:
            self._parts[part] = samples

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All samples, metric by metric."""
        with self._lock:
            samples = [sample for part in self._parts.values() for sample in part]
        families: dict[str, GaugeMetricFamily] = {}
        # Of two with the same labels the later one counts: Prometheus would refuse both.
        for sample in {(sample.name, sample.labels): sample for sample in samples}.values():
            family = families.setdefault(sample.name, GaugeMetricFamily(sample.name, sample.help))
            family.add_sample(sample.name, dict(sample.labels), sample.value)
        yield from families.values()


class _Server(ThreadingMixIn, WSGIServer):
    """Reads its certificate and its CA anew for each connection, so that others in their place need no restart."""

    daemon_threads = True

    def __init__(self, settings: Settings, app: WSGIApplication) -> None:
        self._settings = settings
        super().__init__((settings.address, settings.port), _Quiet)
        self.set_app(app)

    def finish_request(self, request: socket.socket, client_address: tuple[str, int]) -> None:
        """Shakes hands in the connection's own thread: whoever says nothing keeps nobody else waiting."""
        request.settimeout(_PATIENCE_S)
        try:
            with self._context().wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)
        except OSError as error:
            print(f"nothing is told to {client_address[0]}: {error}", flush=True)

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self._settings.ca_certificate)
        context.load_cert_chain(self._settings.certificate)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


class _Quiet(WSGIRequestHandler):
    """Does not write down each time that it was asked."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


def start(settings: Settings, samples: Samples) -> None:
    """Serves them from now on, in threads of their own."""
    registry = CollectorRegistry()
    registry.register(samples)
    server = _Server(settings, make_wsgi_app(registry))
    Thread(target=server.serve_forever, name="serve", daemon=True).start()
