"""What a monitor gets to make the page with: the cluster without secrets, one file of Python, a page replaced whole."""

import io
import json
import os
import subprocess
import sys
import zipfile

import pytest

from camgrid import connect
from camgrid.errors import CamgridError
from camgrid.statuspage import __main__ as service
from camgrid.statuspage import archive
from camgrid.statuspage.cluster import Monitor, described
from camgrid.topology import build
from tests.unit.inventories import sound


def settings(tmp_path, **changed):
    told = {"home": str(tmp_path), "certificate": "/x/node.pem", "ca_certificate": "/x/ca.crt", "interval_s": 20}
    told["prometheus"] = "https://10.0.0.5:9090"
    return json.loads(json.dumps(described(sound(tmp_path)) | told)) | changed


def test_a_monitor_sees_the_same_topology(tmp_path):
    seen, whole = Monitor(settings(tmp_path)).topology, build(sound(tmp_path))
    assert (seen.nodes, seen.phase, seen.cluster) == (whole.nodes, whole.phase, whole.cluster)
    assert [seen.names(region) for region in seen.region_names] == [whole.names(region) for region in seen.region_names]


def test_nothing_else_of_the_inventory_leaves_the_operators_machine(tmp_path):
    inventory = sound(tmp_path, ansible_ssh_private_key_file="/root/key", my_note="hunter2")
    told = json.dumps(described(inventory))
    assert "hunter2" not in told
    assert "/root/key" not in told


def test_it_logs_in_with_the_hosts_certificate_as_monitor_and_as_nobody_else(tmp_path, monkeypatch):
    wanted = {}
    monkeypatch.setattr(connect, "opened", wanted.update)
    monitor = Monitor(settings(tmp_path))
    monitor.connect("monitor", autocommit=True)
    assert (wanted["user"], wanted["sslcert"], wanted["sslmode"]) == ("camgrid_monitor", "/x/node.pem", "verify-full")
    assert "password" not in wanted
    with pytest.raises(CamgridError, match="does not log in as admin"):
        monitor.connect("admin")


def test_the_archive_is_the_same_for_the_same_sources_and_runs_alone(tmp_path):
    packed = archive.packed()
    assert packed == archive.packed()
    names = zipfile.ZipFile(io.BytesIO(packed)).namelist()
    assert "camgrid/statuspage/templates/status.html.j2" in names
    path = tmp_path / "status.pyz"
    path.write_bytes(packed)
    # What the service imports must not need what is left out, nor what Debian has no package of.
    code = "import camgrid.statuspage.__main__, sys; print(camgrid.__file__); assert 'ansible' not in sys.modules"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(path)}, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert str(path) in done.stdout


def test_a_look_that_fails_leaves_the_page_and_is_told(tmp_path, monkeypatch, capsys):
    looks = iter(["<p>one</p>", CamgridError("it broke"), "<p>two</p>", KeyboardInterrupt()])
    seen = []

    def make(monitor, refresh_s, backups):
        look = next(looks)
        seen.append((tmp_path / "index.html").read_text() if seen else "")
        if isinstance(look, BaseException):
            raise look
        return look

    file = tmp_path / "cluster.json"
    file.write_text(json.dumps(settings(tmp_path)))
    monkeypatch.setattr(service, "make", make)
    monkeypatch.setattr(sys, "argv", ["x", str(file)])
    monkeypatch.setitem(os.environ, "STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(KeyboardInterrupt):
        service.main()
    assert seen == ["", "<p>one</p>", "<p>one</p>", "<p>two</p>"]
    assert "no page was made: CamgridError: it broke" in capsys.readouterr().err
