"""Who talks to whom in a cluster, and what a host that speaks without TLS, or with another CA's certificate, is told.

A probe runs on a host of the cluster, from where the firewall lets it through; its certificates come by standard input.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from camgrid import patroni, pki
from camgrid.secrets import write_private
from camgrid.topology import ENDPOINT_PORTS, POOL_PORT, STATISTICS_PORT
from tests.cluster.support import Cluster

BACKUP_PORT = 8432
# The first words in PostgreSQL's protocol: a length, the protocol's version 3.0, and who wants which database.
_WHO = "\0\3\0\0user\0camgrid_reader\0database\0camgrid\0\0"
_START = f"\0\0\0{chr(len(_WHO) + 4)}{_WHO}"
_NO_CHANGE = "PATCH /config HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}"


@dataclass(frozen=True)
class Link:
    """One way from host to host. source: where it is tried from; mutual: whether the client shows a certificate."""

    name: str
    source: str
    address: str
    port: int
    mutual: bool
    asks: bool = False  # TLS is asked for as in PostgreSQL's protocol
    hello: str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

    def __str__(self) -> str:
        return self.name


def links(cluster: Cluster) -> Iterator[Link]:
    """One of each kind."""
    topology = cluster.topology
    node, mate = topology.group(0)[:2]
    proxy = topology.proxies()[0]
    etcd = next(host for host in topology.etcd[node.region] if host != node.host)
    at = topology.hosts
    for endpoint, port in ENDPOINT_PORTS.items():
        yield Link(f"client to HAProxy to PgBouncer: {endpoint}", proxy, at[proxy], port, False, True, _START)
    yield Link("client to PgBouncer", proxy, node.address, POOL_PORT, False, True, _START)
    yield Link("client to PostgreSQL", proxy, node.address, 5432, False, True, _START)
    yield Link("node to node: PostgreSQL, Citus, replication", mate.host, node.address, 5432, True, True, _START)
    yield Link("Patroni to etcd", node.host, at[etcd], 2379, True)
    yield Link("etcd to etcd", node.host, at[etcd], 2380, True)
    yield Link("HAProxy and members to Patroni", proxy, node.address, patroni.PORT, False)
    yield Link("operator and members change Patroni", mate.host, node.address, patroni.PORT, True, hello=_NO_CHANGE)
    yield Link("operator to HAProxy's statistics", "", at[proxy], STATISTICS_PORT, True)
    if topology.backups():
        backup = topology.backups()[0]
        yield Link("node to the repository of backups", node.host, at[backup], BACKUP_PORT, True)
        yield Link("repository of backups to node", backup, node.address, BACKUP_PORT, True)


def answers(cluster: Cluster, link: Link, forged: Path) -> dict[str, str]:
    """What each way to speak on a link is answered with. forged: a directory with another CA, made by `forge`."""
    modes = ["plain", "forged server", "trusted", *(["forged client", "no certificate"] if link.mutual else [])]
    where = pki.directory(cluster.inventory)
    stem = link.source or pki.OPERATOR
    told: dict[str, Any] = {
        "address": link.address,
        "port": link.port,
        "name": link.address,
        "asks": link.asks,
        "hello": link.hello,
        "modes": modes,
        "ca": (where / "ca.crt").read_text(),
        "pem": (where / f"{stem}.pem").read_text(),
        "forged_ca": (forged / "ca.crt").read_text(),
        "forged_pem": (forged / f"{stem}.pem").read_text(),
    }
    return cluster.run_there("speak", told, cluster.topology.hosts.get(link.source))


def forge(cluster: Cluster, where: Path) -> Path:
    """Another CA of the same name in a directory, with a certificate for each host and operator as the real ones."""
    pki.make_ca(where, cluster.topology.cluster)
    ca = x509.load_pem_x509_certificate((where / "ca.crt").read_bytes())
    key = serialization.load_pem_private_key((where / "ca.key").read_bytes(), None)
    subjects = {host: cluster.topology.subject(host) for host in cluster.topology.hosts} | {pki.OPERATOR: pki.OPERATOR}
    for stem, subject in subjects.items():
        write_private(where / f"{stem}.pem", pki._issue(subject, [stem], ca, key))
    return where
