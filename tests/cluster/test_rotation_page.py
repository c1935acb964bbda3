"""The status page's password is another after a change of passwords, and nothing of the page is restarted for it."""

from __future__ import annotations

from camgrid import secrets
from tests.cluster.rotating import rotate
from tests.cluster.test_status_page import ask


def started(cluster, monitor: str) -> list[str]:
    host = cluster.host(monitor)
    units = ("camgrid-status-page", "camgrid-status-web")
    return [host.check_output(f"systemctl show --property=ActiveEnterTimestampMonotonic {unit}") for unit in units]


def test_the_pages_password_is_changed_and_the_roles_are_not(cluster):
    (monitor, *_) = cluster.topology.roles["monitor"]
    old, logins = secrets.passphrase(cluster.inventory, "status_page"), secrets.by_login(cluster.inventory)
    before = started(cluster, monitor)
    assert ask(cluster, monitor)[0] == 200
    said = rotate(cluster, "-e", "what=passwords", "-e", "roles=status_page")
    new = secrets.passphrase(cluster.inventory, "status_page")
    assert new != old
    assert ask(cluster, monitor, password=old)[0] == 401
    assert ask(cluster, monitor, password=new)[0] == 200
    assert secrets.by_login(cluster.inventory) == logins
    assert started(cluster, monitor) == before
    assert old not in said
    assert new not in said
