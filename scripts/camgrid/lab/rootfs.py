"""A host's disk before its first boot: the image with an identity, an address and a way in."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from camgrid.errors import CamgridError
from camgrid.lab import mounts
from camgrid.lab.config import Lab
from camgrid.lab.run import run

# Where systems with a resolver of their own keep the addresses that it asks.
_RESOLVERS = ("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf", "/run/NetworkManager/no-stub-resolv.conf")


@dataclass(frozen=True)
class Surroundings:
    """What this machine gives to every host: its uplink's MTU, its name servers, its apt cache."""

    mtu: int
    resolv_conf: str
    apt_proxy: str | None


def prepare(lab: Lab, host: str, address: str, surroundings: Surroundings) -> Path:
    """Mounts the host's disk, writes what makes it this host when that has not been done, returns its root."""
    directory = lab.host_dir(host)
    ready = directory / "ready"
    if not ready.exists():  # an earlier run may have been interrupted halfway
        mounts.unmount_below(directory)
        for part in ("upper", "work"):
            shutil.rmtree(directory / part, ignore_errors=True)
    root = directory / "root"
    mounts.mount_overlay(Path(lab.image), directory / "upper", directory / "work", root)
    if not ready.exists():
        for name, content in _files(lab, host, address, surroundings).items():
            _write(root / name, content)
        (root / "root/.ssh").chmod(0o700)
        _install_host_key(directory, root)
        ready.touch()
    return root


def _files(lab: Lab, host: str, address: str, surroundings: Surroundings) -> Mapping[str, str]:
    files = {
        "etc/hostname": f"{host}\n",
        "etc/hosts": f"127.0.0.1\tlocalhost\n127.0.1.1\t{host}\n\n::1\tlocalhost ip6-localhost ip6-loopback\n",
        "etc/machine-id": f"{uuid.uuid4().hex}\n",
        "etc/resolv.conf": surroundings.resolv_conf,
        "etc/systemd/network/10-host0.network": networkd(lab, address, surroundings.mtu),
        "root/.ssh/authorized_keys": lab.key.with_suffix(".pub").read_text(),
        # Hosts of a lab share one disk: without this each package waits for it several times.
        "etc/dpkg/dpkg.cfg.d/camgrid-lab": "force-unsafe-io\n",
    }
    if surroundings.apt_proxy:
        files["etc/apt/apt.conf.d/00camgrid-lab"] = (
            f'Acquire::http::Proxy "{surroundings.apt_proxy}";\nAcquire::https::Proxy "DIRECT";\n'
        )
    return files


def networkd(lab: Lab, address: str, mtu: int) -> str:
    """The host's network as systemd-networkd reads it."""
    return (
        f"[Match]\nName=host0\n\n[Link]\nMTUBytes={mtu}\n\n[Network]\n"
        f"Address={address}/{lab.subnet.prefixlen}\nGateway={lab.gateway}\n"
        "LinkLocalAddressing=no\nIPv6AcceptRA=no\n"
    )


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(0o600 if path.name == "authorized_keys" else 0o644)


def _install_host_key(directory: Path, root: Path) -> None:
    """The key is made out here, so that the lab knows whom it talks to from the first connection."""
    key = directory / "ssh_host_ed25519_key"
    for leftover in (key, key.with_suffix(".pub")):
        leftover.unlink(missing_ok=True)
    make_key(key, comment=f"root@{directory.name}")
    shutil.copy(key, root / "etc/ssh" / key.name)
    shutil.copy(key.with_suffix(".pub"), root / "etc/ssh" / key.with_suffix(".pub").name)
    (root / "etc/ssh" / key.name).chmod(0o600)


def make_key(path: Path, comment: str) -> None:
    """A new SSH key pair at path, 0600, without a passphrase."""
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path])


def write_known_hosts(lab: Lab, addresses: Mapping[str, str]) -> None:
    """Writes the public keys of the hosts that have a disk where ssh and Ansible look for them."""
    lines = []
    for host, address in addresses.items():
        public = lab.host_dir(host) / "ssh_host_ed25519_key.pub"
        if public.exists():
            kind, key, *_ = public.read_text().split()
            lines.append(f"{address},{host} {kind} {key}\n")
    lab.known_hosts.write_text("".join(lines))


def resolv_conf() -> str:
    """The machine's name servers as hosts can reach them: no loopback, and IPv4, since labs have no other.

    CamgridError when there is none.
    """
    for name in _RESOLVERS:
        path = Path(name)
        servers = usable_servers(path.read_text()) if path.exists() else []
        if servers:
            return "".join(f"nameserver {server}\n" for server in servers)
    raise CamgridError(
        "this machine's name servers cannot be reached from the lab's hosts: all are loopback or IPv6",
        where=", ".join(_RESOLVERS),
        hint="add a `nameserver` line with an IPv4 address to /etc/resolv.conf",
    )


def usable_servers(text: str) -> list[str]:
    """The name servers in a resolv.conf that another host can ask over IPv4."""
    servers = re.findall(r"^\s*nameserver\s+(\S+)", text, re.MULTILINE)
    return [each for each in servers if re.fullmatch(r"[0-9.]+", each) and not each.startswith("127.")]
