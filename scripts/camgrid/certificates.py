"""When the cluster's certificates end: those that are kept beside the inventory, and those that its hosts show.

A host that was away when its certificate was renewed still shows the old one, and so does a service that has not read
the new one: both are seen only by asking.
"""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from cryptography import x509

from camgrid import patroni, pki
from camgrid.finding import Finding
from camgrid.inventory import Inventory
from camgrid.monitoring import PROMETHEUS_PORT
from camgrid.topology import POOL_PORT, STATISTICS_PORT, STATUS_PAGE_PORT, Topology

WARNING = timedelta(days=30)
POSTGRESQL_PORT = 5432
_TIMEOUT_S = 2
# How PostgreSQL's protocol asks for TLS: a length of 8 bytes and a number of its own; "S" is the consent.
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_RENEW = "ansible-playbook -i INVENTORY playbooks/site.yml renews it"
_RENEW_CA = (
    "ansible-playbook -i INVENTORY playbooks/rotate_secrets.yml -e what=certificates makes another (docs/security.md)"
)


def findings(inventory: Inventory, topology: Topology) -> list[Finding]:
    """What ends within WARNING, or has ended. A host that does not answer has no finding here."""
    found = list(_kept(inventory))
    for (host, port), shown in served(topology).items():
        if shown and (ends := shown.not_valid_after_utc) - datetime.now(UTC) < WARNING:
            found.append(Finding(f"the certificate that {host} shows {_when(ends)}", f"port {port}", _RENEW))
    return found


def served(topology: Topology) -> dict[tuple[str, int], x509.Certificate | None]:
    """(host, port) → the certificate that is shown there; None where nobody answers."""
    places = list(_places(topology))
    with ThreadPoolExecutor(max_workers=16) as pool:
        return dict(
            zip(places, pool.map(lambda place: _shown(topology.hosts[place[0]], place[1]), places), strict=True)
        )


def _places(topology: Topology) -> Iterator[tuple[str, int]]:
    """What the operator's machine may reach; etcd, pgBackRest and exporters talk to the cluster's own hosts alone."""
    for node in topology.nodes:
        yield from ((node.host, port) for port in (POSTGRESQL_PORT, patroni.PORT))
        if topology.pooled:
            yield node.host, POOL_PORT
    for region in topology.region_names:
        yield from ((host, STATISTICS_PORT) for host in topology.proxies(region))
    for host in topology.roles.get("monitor", []):
        yield from ((host, port) for port in (PROMETHEUS_PORT, STATUS_PAGE_PORT))


def _shown(address: str, port: int) -> x509.Certificate | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Nothing is told to whoever answers, and a certificate that has ended is to be seen too.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((address, port), timeout=_TIMEOUT_S) as raw:
            if port in (POSTGRESQL_PORT, POOL_PORT):
                raw.sendall(_SSL_REQUEST)
                if raw.recv(1) != b"S":
                    return None
            with context.wrap_socket(raw) as connection:
                shown = connection.getpeercert(binary_form=True)
    except OSError:
        return None
    return x509.load_der_x509_certificate(shown) if shown else None


def _kept(inventory: Inventory) -> Iterator[Finding]:
    where = pki.directory(inventory)
    for path in sorted([*where.glob("*.pem"), *where.glob("ca*.crt")]):
        for certificate in x509.load_pem_x509_certificates(path.read_bytes()):
            ends = certificate.not_valid_after_utc
            if ends - datetime.now(UTC) < WARNING:
                of = "the cluster's CA" if path.suffix == ".crt" else f"the certificate of {path.stem}"
                yield Finding(f"{of} {_when(ends)}", str(path), _RENEW_CA if path.suffix == ".crt" else _RENEW)


def _when(ends: datetime) -> str:
    left = ends - datetime.now(UTC)
    return f"ended on {ends:%Y-%m-%d}" if left < timedelta() else f"ends in {left.days} days"
