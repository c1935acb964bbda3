"""What a HAProxy that takes over is told of its servers, and that it is told nothing that is old."""

import runpy
from pathlib import Path

import pytest

from tests.unit.test_haproxy_checks import HAProxy

SCRIPT = Path(__file__).resolve().parents[2] / "roles/haproxy/files/servers.py"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """The script's main, its files being ours."""
    names = runpy.run_path(str(SCRIPT))
    for name, path in {"SOCKET": str(tmp_path / "sock"), "FILE": tmp_path / "servers"}.items():
        monkeypatch.setitem(names["main"].__globals__, name, path)
    return names["main"]


def test_the_servers_states_are_written_down(write, tmp_path):
    proxy = HAProxy(tmp_path / "sock", complaint="1\n# be_id be_name")
    proxy.start()
    write()
    assert proxy.commands == ["show servers state"]
    assert (tmp_path / "servers").read_text() == "1\n# be_id be_name\n"


def test_old_states_are_gone_where_haproxy_does_not_answer(write, tmp_path):
    (tmp_path / "servers").write_text("of an earlier reload")
    with pytest.raises(FileNotFoundError):
        write()
    assert not (tmp_path / "servers").exists()
