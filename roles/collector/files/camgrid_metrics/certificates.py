"""The certificates that the hosts' services show: whether they are valid, and until when."""

from __future__ import annotations

import socket
import ssl
import struct

from .queries import Sample
from .settings import Host, Settings

_TIMEOUT_S = 3
# PostgreSQL and PgBouncer begin TLS when they are asked for it.
_ASKED_FIRST = ("postgresql", "pgbouncer")
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_UNTIL = "Until when the certificate is valid that a service shows"
_VERIFIED = "Whether the certificate that a service shows is valid for its host and from the cluster's CA"


def look(settings: Settings) -> list[Sample]:
    """Samples of every service that answers, and of the CA: of two, as while it changes, what ends first."""
    context = ssl.create_default_context(cafile=settings.ca_certificate)
    context.load_cert_chain(settings.certificate)
    until = min(_until(certificate) for certificate in context.get_ca_certs())
    found = [Sample("camgrid_ca_expiry_timestamp_seconds", "Until when the cluster's CA is valid", (), until)]
    for host in settings.hosts:
        for service, port in host.services.items():
            found += _service(context, host, service, port)
    return found


def _service(context: ssl.SSLContext, host: Host, service: str, port: int) -> list[Sample]:
    labels = tuple(sorted((host.labels | {"service": service}).items()))
    try:
        shown = _shown(context, host.address, service, port)
    except ssl.SSLCertVerificationError:
        return [Sample("camgrid_certificate_verified", _VERIFIED, labels, 0)]
    except OSError:
        return []  # that it does not answer is told by its own metrics
    return [
        Sample("camgrid_certificate_verified", _VERIFIED, labels, 1),
        Sample("camgrid_certificate_expiry_timestamp_seconds", _UNTIL, labels, _until(shown)),
    ]


def _shown(context: ssl.SSLContext, address: str, service: str, port: int) -> dict:
    with socket.create_connection((address, port), timeout=_TIMEOUT_S) as plain:
        if service in _ASKED_FIRST:
            plain.sendall(_SSL_REQUEST)
            if plain.recv(1) != b"S":
                raise OSError(f"{address}:{port} does not speak TLS")
        with context.wrap_socket(plain, server_hostname=address) as connection:
            return connection.getpeercert()


def _until(certificate: dict) -> float:
    return float(ssl.cert_time_to_seconds(certificate["notAfter"]))
