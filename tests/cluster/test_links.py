"""On every link, whoever speaks without TLS or with another CA's certificate is refused, and only they are."""

from __future__ import annotations

import psycopg
import pytest

from camgrid import endpoints, pki
from camgrid.connect import parameters
from tests.cluster import links
from tests.cluster.support import MEASURED, lab_cluster

pytestmark = pytest.mark.once


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "link" in metafunc.fixturenames:
        metafunc.parametrize("link", list(links.links(lab_cluster())), ids=str)


@pytest.fixture(scope="module")
def forged(cluster, tmp_path_factory):
    """A CA of the same name as the cluster's, with certificates for the same hosts."""
    return links.forge(cluster, tmp_path_factory.mktemp("forged"))


def served(answer: str) -> bool:
    """Whether somebody went on with what was said, rather than closing or complaining."""
    text = answer.removeprefix("accepted").removeprefix("answered").strip()
    # PostgreSQL's, PgBouncer's, and those of HTTP: no TLS, no certificate. Nothing at all is the connection's end.
    complaints = ("SFATAL", "SERROR", "HTTP/1.0 400", "HTTP/1.1 400", "HTTP/1.0 403")
    # pgBackRest says its name to everybody, and asks who they are when they want something; see the test below.
    known = not text.startswith('{"name":"pgBackRest"')
    return not answer.startswith("refused") and bool(text) and known and not any(word in text for word in complaints)


def test_who_is_refused(cluster, link, forged):
    answers = links.answers(cluster, link, forged)
    MEASURED.extend(f"{link.name:50} {mode:15} {' '.join(answer.split())[:90]}" for mode, answer in answers.items())
    # Who belongs there is let in, so that what follows is not refused for another reason.
    assert answers["trusted"].startswith("accepted"), answers
    assert not served(answers["plain"]), answers
    assert "CERTIFICATE_VERIFY_FAILED" in answers["forged server"], answers
    if link.mutual:
        assert answers["forged client"].startswith("refused"), answers
        assert not served(answers["no certificate"]), answers


@pytest.mark.needs_workers
def test_a_node_reaches_no_other_groups_backups(cluster):
    node, repository = cluster.topology.nodes[0].host, cluster.topology.backups()[0]
    stanza = f"{cluster.topology.cluster}-0"
    ask = "runuser -u postgres -- pgbackrest --no-config --log-level-file=off --repo1-host-type=tls"
    ask += f" --repo1-host={cluster.topology.hosts[repository]} --repo1-host-ca-file=/etc/camgrid/pki/ca.crt"
    mine = "--repo1-host-cert-file=/etc/camgrid/pki/node.pem --repo1-host-key-file=/etc/camgrid/pki/node.pem"
    host = cluster.host(node)
    # PostgreSQL's user may not read the key outside of Patroni's unit.
    ask = ask.replace("runuser -u postgres", "runuser -u postgres -G camgrid-tls")
    assert host.run(f"{ask} {mine} --stanza={stanza} repo-ls backup/{stanza}").rc == 0
    said = host.run(f"{ask} {mine} --stanza={cluster.topology.cluster}-1 repo-ls backup")
    assert "access denied" in said.stdout + said.stderr


@pytest.mark.parametrize("role", ["writer", "admin"])
def test_a_client_that_trusts_another_ca_talks_to_nobody(cluster, forged, role):
    trusting = {"sslrootcert": str(forged / "ca.crt")}
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(**(parameters(cluster.inventory, cluster.topology, role) | trusting))
    if role != "admin":
        wanted = endpoints.parameters(cluster.inventory, cluster.topology, role, "write")
        with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
            psycopg.connect(**(wanted | trusting))


def test_another_cas_operator_is_nobody(cluster, forged):
    pem = str(forged / f"{pki.OPERATOR}.pem")
    wanted = parameters(cluster.inventory, cluster.topology, "admin") | {"sslcert": pem, "sslkey": pem}
    with pytest.raises(psycopg.OperationalError, match=r"unknown ca|certificate verify failed|decrypt error"):
        psycopg.connect(**wanted)


def test_nodes_speak_to_each_other_with_verification_only(cluster):
    for node in cluster.topology.nodes:
        with cluster.connect_to(node, "admin") as conn:
            settings = "SELECT name, setting FROM pg_settings WHERE name IN ('citus.node_conninfo', 'primary_conninfo')"
            values = [value for _, value in conn.execute(settings).fetchall() if value]
            rules = conn.execute("SELECT type, address FROM pg_hba_file_rules WHERE auth_method <> 'reject'").fetchall()
        assert all("sslmode=verify-full" in value for value in values)
        assert {kind for kind, address in rules if address} == {"hostssl"}
