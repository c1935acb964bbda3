"""Who gets in, and how: TLS everywhere, passwords for applications, certificates for nodes and operators."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request

import psycopg
import pytest

from camgrid import connect, pki, secrets

pytestmark = pytest.mark.once


def parameters(cluster, role, **changes):
    return connect.parameters(cluster.inventory, cluster.topology, role) | changes


def test_plain_connections_are_refused(cluster):
    with pytest.raises(psycopg.OperationalError, match=r"no encryption|pg_hba"):
        psycopg.connect(**parameters(cluster, "writer", sslmode="disable", sslrootcert=None, sslcertmode=None))


@pytest.mark.parametrize("user", ["postgres", "camgrid_owner", "replicator"])
def test_nobody_takes_the_nodes_or_owners_place_with_a_password(cluster, user):
    with pytest.raises(psycopg.OperationalError, match=r"pg_hba|certificate"):
        psycopg.connect(**parameters(cluster, "writer", user=user, password="guess"))  # noqa: S106


def test_the_operators_certificate_is_no_nodes(cluster):
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(**parameters(cluster, "admin", user="camgrid_owner"))


def test_a_wrong_password_is_named_without_showing_one(cluster, monkeypatch):
    monkeypatch.setattr(secrets, "passwords", lambda _: dict.fromkeys(secrets.PASSWORD_ROLES, "guess-4711"))
    with pytest.raises(connect.CamgridError, match="password of camgrid_writer") as caught:
        connect.to_cluster(cluster.inventory, cluster.topology, "writer")
    assert "guess-4711" not in str(caught.value)
    assert "10." in str(caught.value)


def test_patroni_obeys_certificates_only(cluster):
    context = ssl.create_default_context(cafile=str(pki.directory(cluster.inventory) / "ca.crt"))
    node = cluster.topology.nodes[0]
    url = f"https://{node.address}:8008/config"
    with urllib.request.urlopen(url, context=context, timeout=5) as answer:
        assert json.load(answer)["synchronous_mode"] == "quorum"
    change = urllib.request.Request(url, method="PATCH", data=b'{"pause": true}')
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(change, context=context, timeout=5)  # noqa: S310
    assert caught.value.code == 403


def test_state_beside_the_inventory_is_private(cluster):
    for path in cluster.inventory.secrets_dir.rglob("*"):
        mode = path.stat().st_mode & 0o777
        assert mode == (0o644 if path.name == "ca.crt" else 0o700 if path.is_dir() else 0o600), path
