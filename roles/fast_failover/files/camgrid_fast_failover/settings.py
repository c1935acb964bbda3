"""What the role tells the daemon: who we are, who the others are, where etcd is."""

from __future__ import annotations

import configparser
import ssl
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """A member of a group. addresses: member → address, of the whole group; silence_s: seconds; others: member of
    another group → that group and its address; groups_prefix: where in etcd Patroni keeps all groups."""

    member: str
    addresses: dict[str, str]
    etcd_addresses: tuple[str, ...]
    patroni_prefix: str
    own_prefix: str
    certificate: str
    ca_certificate: str
    silence_s: float
    groups_prefix: str = ""
    others: dict[str, tuple[str, str]] = field(default_factory=dict)

    def context(self) -> ssl.SSLContext:
        """TLS as this host, made anew for each connection: a certificate that was replaced needs no restart."""
        context = ssl.create_default_context(cafile=self.ca_certificate)
        context.load_cert_chain(self.certificate)
        return context


def load(path: Path) -> Settings:
    """Reads the role's file. KeyError or ValueError when it is not one."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # names of members keep their case
    with path.open() as file:
        parser.read_file(file)
    daemon = parser["daemon"]
    group = f"{daemon['cluster']}/" + (f"{daemon['citus_group']}/" if "citus_group" in daemon else "")
    return Settings(
        member=daemon["member"],
        addresses=dict(parser["members"]),
        etcd_addresses=tuple(daemon["etcd_addresses"].split()),
        patroni_prefix=f"/service/{group}",
        own_prefix=f"/camgrid/{group}",
        certificate=daemon["certificate"],
        ca_certificate=daemon["ca_certificate"],
        silence_s=daemon.getfloat("silence_s"),
        groups_prefix=f"/service/{daemon['cluster']}/",
        others={name: _other(text) for name, text in parser["others"].items()},
    )


def _other(text: str) -> tuple[str, str]:
    group, address = text.split()
    return group, address
