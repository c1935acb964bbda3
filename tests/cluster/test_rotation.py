"""Every password and every certificate is changed while clients work, and none of them fails; killed half way, too."""

from __future__ import annotations

import time

import psycopg
import pytest

from camgrid import certificates, connect, endpoints, pki, pki_rotation, secrets
from camgrid.chaos.ground import Ground
from camgrid.chaos.ledger import Ledger
from camgrid.chaos.load import Load
from camgrid.cli.app import App
from tests.cluster.newcomers import all_of, counted
from tests.cluster.prometheus import Prometheus
from tests.cluster.rotating import killed_at, rotate
from tests.cluster.support import MEASURED
from tests.cluster.waiting import settle, until

pytestmark = pytest.mark.long


@pytest.fixture
def newcomers(cluster):
    found = all_of(cluster)
    for each in found:
        each.start()
    yield found
    for each in found:
        each.end()


def lets_in(cluster, login: str, password: str) -> bool:
    ways = [connect.parameters(cluster.inventory, cluster.topology, "writer")]
    ways.append(endpoints.parameters(cluster.inventory, cluster.topology, "writer", "write"))
    came_in = []
    for wanted in ways:
        try:
            psycopg.connect(**(wanted | {"user": login, "password": password})).close()
            came_in.append(True)
        except psycopg.OperationalError:
            came_in.append(False)
    assert len(set(came_in)) == 1
    return came_in[0]


def test_passwords_are_changed_while_clients_work(cluster, newcomers, tmp_path):
    settle(cluster)
    old = secrets.by_login(cluster.inventory)
    ground, ledger = Ground(App(str(cluster.path))), Ledger(tmp_path / "ledger.jsonl")
    with Load(ground, ledger, cluster.topology.groups()[-1]) as load:
        load.wait_until_served()
        killed_at(cluster, "Do the step open", "-e", "what=passwords")
        said = rotate(cluster, "-e", "what=passwords")
        # Whoever has not been told yet gets in as before.
        assert all(lets_in(cluster, login, word) for login, word in old.items())
    new = secrets.by_login(cluster.inventory)
    assert not set(old) & set(new)
    said += rotate(cluster, "-e", "close=true")
    counted(newcomers, ledger)
    assert not [login for login, word in old.items() if lets_in(cluster, login, word)]
    assert all(lets_in(cluster, login, word) for login, word in new.items())
    assert not [word for word in (*old.values(), *new.values()) if word in said]
    # The cluster's own monitors come as camgrid_monitor without a password, and stay.
    left = [row["role"] for row in cluster.json("roles", "list")["roles"] if row["role"] in old and row["sessions"]]
    assert set(left) <= {"camgrid_monitor"}
    # All at once, as after a theft; and the first logins are in use again, which other tests name.
    rotate(cluster, "-e", "what=passwords", "-e", "close=true")
    assert set(secrets.by_login(cluster.inventory)) == set(old)
    counted(newcomers)


@pytest.fixture
def lasting(cluster, tmp_path):
    """Clients whose connections last from before the first stage to after the test's last; none may fail."""
    settle(cluster)
    ground, ledger = Ground(App(str(cluster.path))), Ledger(tmp_path / "ledger.jsonl")
    with Load(ground, ledger, cluster.topology.groups()[-1]) as load:
        load.wait_until_served()
        yield ledger


def test_a_second_ca_is_trusted_while_clients_work(cluster, newcomers, lasting):
    where = pki.directory(cluster.inventory)
    before = (where / "ca.crt").read_bytes()
    killed_at(
        cluster, "PLAY [Let PostgreSQL and Patroni read them]", "-e", "what=certificates", "-e", "trust_only=true"
    )
    rotate(cluster, "-e", "what=certificates", "-e", "trust_only=true")
    counted(newcomers, lasting)
    assert pki_rotation.stage(cluster.inventory) == "trusting"
    both = (where / "ca.crt").read_bytes()
    assert both.startswith(before)
    for host in cluster.topology.hosts:
        assert cluster.host(host).file("/etc/camgrid/pki/ca.crt").content == both


def test_certificates_and_their_ca_are_changed_while_clients_work(cluster, newcomers, lasting, tmp_path):
    """Goes on where the test above has left it, or does all of it."""
    where = pki.directory(cluster.inventory)
    before = {path.name: path.read_bytes() for path in where.glob("*.pem")}
    before["ca.key"] = (where / "ca.key").read_bytes()
    operator = tmp_path / "operator.pem"
    secrets.write_private(operator, before["operator.pem"])
    began = time.monotonic()
    rotate(cluster, "-e", "what=certificates")
    counted(newcomers, lasting)
    # What watches has seen all of it, and goes on to: but for members of etcd while they were restarted, and Patroni's
    # REST API, which opens its port anew to show another certificate.
    prometheus = Prometheus(cluster)
    failed = prometheus.failed_scrapes(time.monotonic() - began)
    MEASURED.append(f"scrapes that failed meanwhile: {failed or 'none'}")
    assert {job for job, _ in failed} <= {"etcd", "patroni"}
    assert all(scrapes <= len(pki_rotation.STAGES) for (job, _), scrapes in failed.items() if job == "patroni")
    until(lambda: not prometheus.query("up == 0"))
    assert [name for name, content in before.items() if (where / name).read_bytes() == content] == []
    assert {path.name for path in where.iterdir()} == {*before, "ca.crt"}
    # What was stolen before opens nothing any more.
    wanted = connect.parameters(cluster.inventory, cluster.topology, "admin")
    with pytest.raises(psycopg.OperationalError, match=r"unknown ca|certificate verify failed|decrypt error"):
        psycopg.connect(**(wanted | {"sslcert": str(operator), "sslkey": str(operator)}))
    shown = certificates.served(cluster.topology)
    assert all(shown.values())
    assert len({certificate.issuer for certificate in shown.values()}) == 1
    settle(cluster)
