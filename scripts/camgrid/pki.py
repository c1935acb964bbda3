"""The cluster's own certificate authority and one certificate per host, kept beside the inventory.

A host's certificate and key are one PEM file: replacing it replaces both at once. Certificates are issued anew
when their names change or when less than RENEW_BEFORE is left; the CA stays.

Run as `python -m camgrid.pki INVENTORY` it makes what is missing and prints what it made as JSON.
"""

from __future__ import annotations

import ipaddress
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from camgrid.errors import CamgridError
from camgrid.inventory import Inventory, load
from camgrid.secrets import write_private
from camgrid.topology import Topology, build

CA_LIFE = timedelta(days=3650)
HOST_LIFE = timedelta(days=825)
RENEW_BEFORE = timedelta(days=60)
# The certificate that the operator's machine shows; PostgreSQL maps it to the superuser.
OPERATOR = "operator"


def directory(inventory: Inventory) -> Path:
    """Where ca.crt, ca.key and the PEM file of each host are."""
    return inventory.secrets_dir / "pki"


def names(topology: Topology, host: str) -> list[str]:
    """What a certificate carries: the host's address and name, localhost; a node's also its group's and the proxies'.

    All of its group's, because a region may map the name of a member that it lacks to one that it has. The proxies',
    because they pass TLS through: a client that verifies sees a node's certificate under a proxy's name.
    """
    node = topology.node(host)
    groups = {each.name for each in topology.nodes if node and each.group == node.group}
    fronts: list[str] = []
    if node and topology.proxies(node.region):
        hosts = topology.proxies(node.region)
        fronts = [*hosts, *(topology.hosts[proxy] for proxy in hosts), *topology.endpoint_names]
        fronts += [topology.floating_address] if topology.floating_address else []
    # What a monitor is known by to those that it asks. Its host's name would not do: nodes carry the proxies' names.
    asks = [topology.subject(host)] if host in topology.roles.get("monitor", []) else []
    return list(dict.fromkeys([host, topology.hosts[host], "localhost", "127.0.0.1", *sorted(groups), *fronts, *asks]))


def ensure(inventory: Inventory, topology: Topology, *, before: float = 0) -> list[str]:
    """Makes the CA and every certificate that is missing, outdated or soon to expire. Returns the files made.

    before: those that were made before this time (seconds of the epoch) are made anew too. Where ca.crt holds several
    CAs, the first one issues. The CA's key is only read when there is something to issue, so that it may be kept
    elsewhere meanwhile.
    """
    where = directory(inventory)
    made = []
    # A CA that has issued something is never replaced: a second one would shut out all that runs.
    if not (where / "ca.key").exists() and not any(where.glob("*.pem")):
        made += make_ca(where, topology.cluster)
    ca_cert = x509.load_pem_x509_certificate(_read(where / "ca.crt"))
    wanted = {host: (topology.subject(host), names(topology, host)) for host in topology.hosts}
    for stem, (common_name, alternatives) in ({OPERATOR: (OPERATOR, [OPERATOR])} | wanted).items():
        path = where / f"{stem}.pem"
        if not _current(path, common_name, alternatives, ca_cert) or path.stat().st_mtime < before:
            ca_key = _issuing(where / "ca.key", ca_cert)
            write_private(path, _issue(common_name, alternatives, ca_cert, ca_key))
            made.append(path.name)
    return made


def _issuing(path: Path, ca: x509.Certificate) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(_read(path), None)
    if key.public_key() != ca.public_key():
        raise CamgridError(
            "this is not the key of the first CA in ca.crt",
            where=str(path),
            hint="a rotation was broken off: playbooks/rotate_secrets.yml goes on with it",
        )
    return key


def _read(path: Path) -> bytes:
    if not path.exists():
        raise CamgridError(
            "this part of the cluster's CA is missing",
            where=str(path),
            hint="bring the file back from where the CA was made, or from its backup",
        )
    return path.read_bytes()


def _current(path: Path, common_name: str, alternatives: list[str], ca: x509.Certificate) -> bool:
    if not path.exists():
        return False
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    carried = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    same = set(carried) == set(_alternatives(alternatives)) and certificate.subject == _name(common_name)
    lasting = certificate.not_valid_after_utc - datetime.now(UTC) > RENEW_BEFORE
    return same and lasting and _issued_by(ca, certificate)


def _issued_by(ca: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, InvalidSignature):
        return False
    return True


def make_ca(where: Path, cluster: str) -> list[str]:
    """Makes ca.crt and ca.key in a directory, for a cluster of that name. Returns the names of the files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"camgrid {cluster} CA")
    certificate = (
        _builder(name, name, key, CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(ca=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    # The key last: it is what says that the CA is complete.
    write_private(where / "ca.crt", certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)
    write_private(where / "ca.key", _private(key))
    return ["ca.crt", "ca.key"]


def _issue(
    common_name: str, alternatives: list[str], ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey
) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    certificate = (
        _builder(_name(common_name), ca.subject, key, HOST_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(ca=False), critical=True)
        .add_extension(purposes, critical=False)
        .add_extension(x509.SubjectAlternativeName(_alternatives(alternatives)), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + _private(key)


def _builder(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, life: timedelta
) -> x509.CertificateBuilder:
    # An hour of grace: the hosts' clocks need not agree with this machine's to the second.
    start = datetime.now(UTC) - timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternatives(values: list[str]) -> list[x509.GeneralName]:
    return list(dict.fromkeys(_general_name(value) for value in values))


def _general_name(value: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(value))
    except ValueError:
        return x509.DNSName(value)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def main() -> None:
    """Makes what is missing for the inventory named in argv."""
    try:
        inventory = load(sys.argv[1])
        print(json.dumps({"changed": ensure(inventory, build(inventory))}))
    except CamgridError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
