"""The virtual machine's network: QEMU's own, which needs no interface, no bridge and no rule on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network

from camgrid.lab import aptcache
from camgrid.lab.run import run

SUBNET = IPv4Network("10.91.0.0/24")
# QEMU answers at these two: this machine's loopback, and its name servers.
HOST = str(SUBNET[2])
NAME_SERVER = str(SUBNET[3])
ADDRESS = str(SUBNET[15])
APT_PROXY = f"http://{HOST}:{aptcache.PORT}"
# What site.yml and the command reach from here: PostgreSQL and Patroni.
REACHED = (5432, 8008)


@contextmanager
def at_its_address() -> Iterator[None]:
    """Lets the machine's own address be one of this machine's loopback, where QEMU forwards REACHED from."""
    run(["ip", "address", "replace", f"{ADDRESS}/32", "dev", "lo"])
    # By itself a client would come from that address too, which the machine takes for its own and does not answer.
    source = ["proto", "kernel", "scope", "host", "src", "127.0.0.1", "table", "local"]
    run(["ip", "route", "change", "local", ADDRESS, "dev", "lo", *source])
    try:
        yield
    finally:
        run(["ip", "address", "delete", f"{ADDRESS}/32", "dev", "lo"])
