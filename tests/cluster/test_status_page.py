"""The page that a monitor serves: of this cluster, over TLS, for those with the password, from its own services."""

from __future__ import annotations

import base64
import http.client
import json
import re
import shlex
import ssl
from datetime import UTC, datetime, timedelta

import pytest

from camgrid import pki, secrets
from camgrid.topology import STATUS_PAGE_PORT
from tests.cluster.waiting import until


@pytest.fixture
def monitor(cluster):
    """Name of a monitor."""
    return cluster.topology.roles["monitor"][0]


def ask(cluster, monitor, path="/", password=None):
    """Status and text, as a browser on an operator's machine gets them. password: "" shows none."""
    context = ssl.create_default_context(cafile=str(pki.directory(cluster.inventory) / "ca.crt"))
    address = cluster.topology.hosts[monitor]
    connection = http.client.HTTPSConnection(address, STATUS_PAGE_PORT, timeout=10, context=context)
    password = secrets.passphrase(cluster.inventory, "status_page") if password is None else password
    shown = base64.b64encode(f"operator:{password}".encode()).decode()
    connection.request("GET", path, headers={"Authorization": f"Basic {shown}"} if password else {})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def backups(text):
    """The section of backups."""
    assert "<h2>Backups</h2>" in text
    return text.partition("<h2>Backups</h2>")[2].partition("</section>")[0]


def test_it_shows_this_cluster_as_it_is_now(cluster, monitor):
    status, text = ask(cluster, monitor)
    assert status == 200
    assert "database not reached" not in text
    for node in cluster.topology.nodes:
        assert node.host in text
    moment = re.search(r"as of (\S+ \S+) UTC", text)[1]
    assert datetime.now(UTC) - datetime.fromisoformat(f"{moment}+00:00") < timedelta(minutes=1)


def as_status_tells(cluster, section: str) -> bool:
    """Whether a section of backups has what `camgrid status` tells at this moment."""
    told = cluster.json("status")["backups"]
    rows = dict(re.findall(r"<tr><td>(\d+)</td><td[^>]*>(.*?)</td>", section))
    primaries = {member.name for member in cluster.members() if member.role == "leader"}
    return (
        all((rows.get(str(each["group"])) == "never") == ("full" not in each["newest"]) for each in told["groups"])
        and set(re.findall(r'<td>([\w-]+)</td><td class="number', section)) == primaries
        and ('restore point <span class="bad">never' in section) == (told["point"] is None)
        and ('restore drill <span class="">never' in section) == (told["drill"] is None)
        and "Not known" not in section
    )


def test_it_tells_of_backups_as_status_does(cluster, monitor):
    """Two minutes later at most: the repository's numbers are made every minute."""
    section = until(
        lambda: (found := backups(ask(cluster, monitor)[1])) and as_status_tells(cluster, found) and found, 150
    )
    rows = re.findall(r"<tr><td>(\d+)</td>", section)
    assert set(rows) == {str(group) for group in cluster.topology.groups()}


def test_it_says_so_when_prometheus_does_not_answer(cluster, monitor):
    host = cluster.host(monitor)
    directory = host.check_output("runuser -u camgrid-status -- mktemp --directory")
    settings = json.loads(host.file("/etc/camgrid/status/cluster.json").content_string)
    told = json.dumps(settings | {"prometheus": "https://127.0.0.1:1"})
    try:
        # One page as the service makes it, but of a Prometheus that nobody serves.
        host.check_output(f"echo {shlex.quote(told)} > {directory}/cluster.json")
        host.run(
            "systemd-run --quiet --wait --uid=camgrid-status --property=SupplementaryGroups=camgrid-tls"
            f" --setenv=PYTHONPATH=/usr/local/lib/camgrid/status.pyz --setenv=STATE_DIRECTORY={directory}"
            f" timeout 15 python3 -m camgrid.statuspage {directory}/cluster.json"
        )
        text = host.file(f"{directory}/index.html").content_string
    finally:
        host.check_output(f"rm -r {directory}")
    assert "Not known: Prometheus does not answer" in backups(text)
    assert "restore point" not in backups(text)
    assert '<b class="bad">https://127.0.0.1:1</b>: Prometheus does not answer' in text


def test_it_is_for_those_with_the_password_and_over_tls_alone(cluster, monitor):
    assert ask(cluster, monitor, password="")[0] == 401
    assert ask(cluster, monitor, password="wrong")[0] == 401  # noqa: S106 - that is the point
    plain = http.client.HTTPConnection(cluster.topology.hosts[monitor], STATUS_PAGE_PORT, timeout=10)
    plain.request("GET", "/")
    assert b"plain HTTP request was sent to HTTPS port" in plain.getresponse().read()


def test_it_serves_nothing_else(cluster, monitor):
    for path in ("/index.html", "/cluster.json", "/../../etc/passwd", "/%2e%2e/etc/passwd", "/.secrets/pki/ca.crt"):
        assert ask(cluster, monitor, path)[0] in (400, 404), path


def test_a_service_that_makes_no_page_leaves_the_last_one(cluster, monitor):
    host = cluster.host(monitor)
    host.check_output("systemctl stop camgrid-status-page")
    try:
        assert ask(cluster, monitor)[0] == 200
    finally:
        host.check_output("systemctl start camgrid-status-page")
    until(lambda: host.run("find /var/lib/camgrid-status/index.html -newermt '-5 seconds'").stdout)


def test_the_services_run_as_nobody_who_could_change_anything(cluster, monitor):
    host = cluster.host(monitor)
    for unit in ("camgrid-status-page", "camgrid-status-web"):
        assert host.check_output(f"systemctl show --property=User --value {unit}") == "camgrid-status"
    assert host.file("/etc/camgrid/status/users").mode == 0o640
    assert not host.service("nginx").is_running
