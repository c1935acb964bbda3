"""What the role `grafana` writes: a data source that verifies and shows certificates, and where the dashboards are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

ROLE = Path(__file__).resolve().parents[2] / "roles/grafana"
INPUTS = {
    "ansible_managed": "Ansible managed",
    "grafana_prometheus": "https://192.0.2.5:9090",
    "grafana_certificate": "/etc/camgrid/pki/node.pem",
    "grafana_ca_certificate": "/etc/camgrid/pki/ca.crt",
    "grafana_tls_group": "camgrid-tls",
}


@pytest.fixture(scope="module")
def rendered():
    """Template → text, by the role's own defaults."""
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text())
    loader = FileSystemLoader(ROLE / "templates")
    environment = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    return {name: environment.get_template(name).render(defaults | INPUTS) for name in environment.list_templates()}


def test_prometheus_is_verified_by_the_clusters_ca_and_shown_the_hosts_certificate(rendered):
    (source,) = yaml.safe_load(rendered["datasources.yml.j2"])["datasources"]
    assert (source["type"], source["access"], source["url"]) == ("prometheus", "proxy", "https://192.0.2.5:9090")
    assert (source["jsonData"]["tlsAuth"], source["jsonData"]["tlsAuthWithCACert"]) == (True, True)
    assert "tlsSkipVerify" not in source["jsonData"]
    # Grafana reads these files when it starts; no key is copied.
    assert source["secureJsonData"] == {
        "tlsCACert": "$__file{/etc/camgrid/pki/ca.crt}",
        "tlsClientCert": "$__file{/etc/camgrid/pki/node.pem}",
        "tlsClientKey": "$__file{/etc/camgrid/pki/node.pem}",
    }


def test_its_steps_are_prometheus_own(rendered):
    (source,) = yaml.safe_load(rendered["datasources.yml.j2"])["datasources"]
    prometheus = yaml.safe_load((ROLE.parent / "prometheus/defaults/main.yml").read_text())
    assert source["jsonData"]["timeInterval"] == f"{prometheus['prometheus_interval_s']}s"


def test_dashboards_are_read_from_where_the_role_puts_them(rendered):
    (provider,) = yaml.safe_load(rendered["dashboards.yml.j2"])["providers"]
    assert (provider["type"], provider["allowUiUpdates"]) == ("file", False)
    tasks = yaml.safe_load((ROLE / "tasks/dashboards.yml").read_text())
    (copied,) = [task["ansible.builtin.copy"] for task in tasks if "ansible.builtin.copy" in task]
    assert copied["dest"].rstrip("/") == provider["options"]["path"]
    assert (ROLE / "files" / copied["src"]).is_dir()


def test_the_unit_may_read_the_key_and_leaves_the_stamp_that_the_role_looks_for(rendered):
    unit = rendered["grafana-server.service.conf.j2"]
    assert "\nSupplementaryGroups=camgrid-tls\n" in unit
    (stamp,) = re.findall(r"^ExecStartPre=\+/usr/bin/touch (\S+)$", unit, re.M)
    assert f"      - {stamp}\n" in (ROLE / "tasks/read.yml").read_text()


def test_nothing_is_done_unless_it_is_asked_for():
    (task,) = yaml.safe_load((ROLE / "tasks/main.yml").read_text())
    assert task["when"] == "grafana_enabled"
    assert yaml.safe_load((ROLE / "defaults/main.yml").read_text())["grafana_enabled"] is False
