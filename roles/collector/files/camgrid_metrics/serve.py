"""Serves the last samples to Prometheus, over TLS and for holders of a certificate alone."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily

from .queries import Sample
from .settings import Settings


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


def start(settings: Settings, samples: Samples) -> None:
    """Serves them from now on, in threads of their own."""
    registry = CollectorRegistry()
    registry.register(samples)
    start_http_server(
        settings.port,
        settings.address,
        registry,
        certfile=settings.certificate,
        keyfile=settings.certificate,
        client_cafile=settings.ca_certificate,
        client_auth_required=True,
    )
