"""What the collector serves and looks at over TLS; and what is told of backups."""

from __future__ import annotations

import dataclasses
import json
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from camgrid import pki, pki_rotation
from camgrid.topology import build
from roles.collector.files.camgrid_metrics import certificates
from roles.collector.files.camgrid_metrics.queries import Sample
from roles.collector.files.camgrid_metrics.settings import Host, Settings
from tests.unit.inventories import single

pytest.importorskip("prometheus_client", reason="prometheus-client is not installed: scripts/setup dev does it")
from roles.collector.files.camgrid_metrics.serve import Samples, start

SCRIPT = Path(__file__).resolve().parents[2] / "roles/backup_metrics/files/backup_metrics.py"


@pytest.fixture(scope="module")
def where(tmp_path_factory):
    """A directory with a CA and its hosts' certificates, as the playbooks make them."""
    inventory = single(tmp_path_factory.mktemp("inventory"))
    pki.ensure(inventory, build(inventory))
    return pki.directory(inventory)


def settings(where: Path) -> Settings:
    """Those of a collector on a free port, with a host's certificate from this directory."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    here = Host("svc", "127.0.0.1", "region_main", None, analytics=False, services={"node": port})
    certificate, ca = str(where / "svc.pem"), str(where / "ca.crt")
    return Settings("127.0.0.1", port, (here,), False, "camgrid", "monitor", certificate, ca, 30, 10, 0)


@pytest.fixture(scope="module")
def told(where):
    """Settings of a collector that serves one sample."""
    found, samples = settings(where), Samples()
    samples.replace("cluster", [Sample("camgrid_up", "Whether", (), 1.0), Sample("camgrid_up", "Whether", (), 0.0)])
    start(found, samples)
    return found


def read(told, context):
    with urllib.request.urlopen(f"https://127.0.0.1:{told.port}/metrics", context=context, timeout=5) as answer:
        return answer.read().decode()


def test_who_shows_a_certificate_is_told_and_of_two_values_the_later(told):
    context = ssl.create_default_context(cafile=told.ca_certificate)
    context.load_cert_chain(told.certificate)
    assert "\ncamgrid_up 0.0\n" in read(told, context)


def test_nobody_else_is(told):
    with pytest.raises((urllib.error.URLError, ssl.SSLError, ConnectionError)):
        read(told, ssl.create_default_context(cafile=told.ca_certificate))
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        urllib.request.urlopen(f"http://127.0.0.1:{told.port}/metrics", timeout=5)


def test_others_in_its_place_are_read_without_a_restart(tmp_path):
    """As a change of certificates does it, up to where the old CA is trusted no more."""
    inventory = single(tmp_path)
    topology, where = build(inventory), pki.directory(inventory)
    pki.ensure(inventory, topology)
    told = settings(where)
    start(told, Samples())
    before = ssl.create_default_context(cafile=told.ca_certificate)
    before.load_cert_chain(told.certificate)
    read(told, before)
    for stage in pki_rotation.STAGES:
        pki_rotation.enter(inventory, topology, stage)
        now = ssl.create_default_context(cafile=told.ca_certificate)
        now.load_cert_chain(told.certificate)
        read(told, now)
    with pytest.raises((urllib.error.URLError, ssl.SSLError)):
        read(told, before)


def test_who_says_nothing_keeps_nobody_waiting(told):
    with socket.create_connection(("127.0.0.1", told.port)):
        context = ssl.create_default_context(cafile=told.ca_certificate)
        context.load_cert_chain(told.certificate)
        assert "camgrid_up" in read(told, context)


def test_a_certificate_is_told_of_with_its_end(told):
    found = {sample.name: sample.value for sample in certificates.look(told)}
    assert found["camgrid_certificate_verified"] == 1
    assert found["camgrid_certificate_expiry_timestamp_seconds"] < found["camgrid_ca_expiry_timestamp_seconds"]


def test_of_two_cas_the_one_that_ends_first_is_told_of(told, tmp_path, monkeypatch):
    monkeypatch.setattr(pki, "CA_LIFE", pki.CA_LIFE / 10)
    pki.make_ca(tmp_path, "another")
    own, both = Path(told.ca_certificate), tmp_path / "both.crt"
    both.write_bytes(own.read_bytes() + (tmp_path / "ca.crt").read_bytes())
    changed = dataclasses.replace(told, ca_certificate=str(both))
    first, second = (
        [sample.value for sample in certificates.look(each) if sample.name == "camgrid_ca_expiry_timestamp_seconds"]
        for each in (told, changed)
    )
    assert len(second) == 1
    assert second < first


def test_one_of_another_ca_is_not_valid(told, tmp_path):
    other = single(tmp_path)
    pki.ensure(other, build(other))
    changed = dataclasses.replace(told, ca_certificate=str(pki.directory(other) / "ca.crt"))
    found = {sample.name: sample.value for sample in certificates.look(changed)}
    assert found["camgrid_certificate_verified"] == 0
    assert "camgrid_certificate_expiry_timestamp_seconds" not in found


def test_who_does_not_answer_has_no_certificate_to_tell_of(told):
    away = dataclasses.replace(told.hosts[0], services={"node": 1, "postgresql": 1})
    names = {sample.name for sample in certificates.look(dataclasses.replace(told, hosts=(away,)))}
    assert names == {"camgrid_ca_expiry_timestamp_seconds"}


def backup(stop: int, kind: str, database: int) -> dict:
    times = {"timestamp": {"start": 1, "stop": stop}, "info": {"size": 7}, "type": kind, "error": False}
    return times | {"database": {"id": database, "repo-key": 1}}


def test_backups_points_and_drills_are_told_of(tmp_path):
    stanza = {
        "name": "test-1", "db": [{"id": 1}, {"id": 2}], "status": {"lock": {"backup": {"held": True}}},
        "backup": [backup(50, "full", 1), backup(100, "full", 2), backup(200, "diff", 2)],
    }  # fmt: skip
    others = [stanza | {"name": "other-1"}]
    (tmp_path / "pgbackrest").write_text(f"#!/bin/sh\ncat <<'X'\n{json.dumps([stanza, *others])}\nX\n")
    (tmp_path / "pgbackrest").chmod(0o755)
    (tmp_path / "drills").mkdir()
    drill = {"ended_at": "2026-01-02T00:00:00+00:00", "complaints": ["a row is missing"], "seconds": 40}
    (tmp_path / "drills/1.json").write_text(json.dumps(drill))
    import prometheus_client

    library = str(Path(prometheus_client.__file__).parents[1])
    command = [sys.executable, SCRIPT, "test", tmp_path, tmp_path / "out.prom"]
    subprocess.run(command, check=True, env={"PATH": f"{tmp_path}:/usr/bin:/bin", "PYTHONPATH": library})
    lines = (tmp_path / "out.prom").read_text().splitlines()
    assert 'camgrid_backup_last_timestamp_seconds{citus_group="1",kind="diff"} 200.0' in lines
    assert 'camgrid_backup_first_timestamp_seconds{citus_group="1"} 100.0' in lines
    assert 'camgrid_backup_running{citus_group="1"} 1.0' in lines
    assert 'camgrid_backup_kept{citus_group="1"} 2.0' in lines
    assert "camgrid_restore_drill_failed 1.0" in lines
    assert not [line for line in lines if "restore_point" in line], "there is none"
