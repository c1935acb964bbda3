"""The way from the operator's machine to the database: TLS verified, the primary found by asking."""

from __future__ import annotations

from typing import Any

import psycopg

from camgrid import pki, secrets
from camgrid.errors import CamgridError
from camgrid.inventory import Inventory
from camgrid.topology import Topology

DATABASE = "camgrid"
# What a verb may connect as → the database role. The superuser comes with the operator's certificate. Which login of a
# role has its password changes with each rotation: camgrid.secrets.logins.
ROLES = {role: f"camgrid_{role}" for role in secrets.PASSWORD_ROLES} | {"admin": "postgres"}
_CONNECT_TIMEOUT_S = 5


def addressed(inventory: Inventory, topology: Topology, role: str) -> dict[str, Any]:
    """libpq's parameters for the coordinator's primary, whichever member that is now, in whichever region; all but
    what a role shows of itself."""
    members = [node for region in topology.region_names for node in topology.group(0, region)]
    return {
        "host": ",".join(node.address for node in members),
        "port": ",".join("5432" for _ in members),
        "dbname": DATABASE,
        "user": ROLES[role] if role == "admin" else secrets.logins(inventory)[role],
        "target_session_attrs": "read-write",
        "connect_timeout": _CONNECT_TIMEOUT_S,
        "sslmode": "verify-full",
        "sslrootcert": str(pki.directory(inventory) / "ca.crt"),
        "application_name": "camgrid",
    }


def parameters(inventory: Inventory, topology: Topology, role: str) -> dict[str, Any]:
    """libpq's parameters for the coordinator's primary, with the operator's certificate or the role's password."""
    common, where = addressed(inventory, topology, role), pki.directory(inventory)
    if role == "admin":
        pem = str(where / f"{pki.OPERATOR}.pem")
        return common | {"sslcert": pem, "sslkey": pem}
    # Without this libpq would offer whatever lies in ~/.postgresql.
    return common | {"password": secrets.passwords(inventory)[role], "sslcertmode": "disable"}


def to_cluster(inventory: Inventory, topology: Topology, role: str, **options: Any) -> psycopg.Connection:
    """A connection to the coordinator's primary. role: a key of ROLES; options: psycopg.connect's.

    Raises CamgridError that names the hosts tried.
    """
    return opened(parameters(inventory, topology, role) | options)


def opened(wanted: dict[str, Any]) -> psycopg.Connection:
    """A connection by these parameters. Raises CamgridError that names the hosts tried, never a password."""
    try:
        return psycopg.connect(**wanted)
    except psycopg.OperationalError as error:
        raise _explained(error, f"{wanted['host']} port 5432", wanted["user"]) from error


def by_environment(role: str, **options: Any) -> psycopg.Connection:
    """A connection as PGHOST, PGUSER, PGPASSWORD … say; role only names it for the server's logs."""
    try:
        return psycopg.connect("", **({"application_name": f"camgrid {role}"} | options))
    except psycopg.OperationalError as error:
        raise _explained(error, "libpq's environment", "PGUSER", " or name a cluster with -i INVENTORY") from error


def _explained(error: psycopg.OperationalError, where: str, user: str, otherwise: str = "") -> CamgridError:
    text = str(error)
    if "password authentication failed" in text:
        what = f"the password of {user} is not the one in the vault"
        hint = "run playbooks/site.yml: it sets the passwords of the vault again"
    elif "certificate" in text.lower():
        what, hint = "the server's certificate could not be verified", "run playbooks/site.yml from this machine"
    elif "read-only" in text or "not read-write" in text or "hot standby" in text:
        what = "no member of the coordinator's group is a primary right now"
        hint = "a failover takes up to half a minute; then see: camgrid status"
    elif "does not exist" in text:
        what, hint = "the database has no camgrid yet", "run playbooks/site.yml"
    else:
        what, hint = "nobody answers there", "are the hosts up, and does their firewall admit this machine?"
    detail = "; ".join(line.strip() for line in text.splitlines() if line.strip())
    return CamgridError(f"{what} ({detail})", where=where, hint=hint + otherwise)
