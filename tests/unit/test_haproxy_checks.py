"""Which servers HAProxy is told to leave alone: those that are up, so that nobody who is down gets clients."""

import runpy
import socket
import threading
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "roles/haproxy/files/checks.py"
STATUS = """# pxname,svname,status,
primaries,a,UP,
primaries,b,DOWN,
primaries,BACKEND,UP,
replicas,a,DOWN,
replicas,b,UP 1/2,
write,FRONTEND,OPEN,
write,a,no check,
"""


class HAProxy(threading.Thread):
    """Answers on a socket as HAProxy's does: one command a connection."""

    def __init__(self, path: Path, complaint: str = "") -> None:
        super().__init__(daemon=True)
        self.commands: list[str] = []
        self.complaint = complaint
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen()

    def run(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            with connection:
                command = connection.recv(1000).decode().strip()
                self.commands.append(command)
                connection.sendall((STATUS if command == "show stat" else self.complaint).encode() + b"\n")


@pytest.fixture
def script(tmp_path, monkeypatch):
    """The script's names, its socket being one of ours."""
    names = runpy.run_path(str(SCRIPT))
    monkeypatch.setitem(names["main"].__globals__, "SOCKET", str(tmp_path / "sock"))
    return names


@pytest.mark.parametrize(
    ("word", "commands"),
    [
        ("hold", ["disable health primaries/a", "disable health replicas/b"]),
        (
            "release",
            [f"enable health {server}" for server in ("primaries/a", "primaries/b", "replicas/a", "replicas/b")],
        ),
    ],
)
def test_servers_that_are_down_are_still_checked(script, tmp_path, monkeypatch, word, commands):
    proxy = HAProxy(tmp_path / "sock")
    proxy.start()
    monkeypatch.setattr("sys.argv", ["checks.py", word])
    script["main"]()
    assert proxy.commands == ["show stat", *commands]


def test_a_complaint_of_haproxy_is_an_error(script, tmp_path, monkeypatch):
    HAProxy(tmp_path / "sock", complaint="Health checks are not configured on this server.").start()
    monkeypatch.setattr("sys.argv", ["checks.py", "hold"])
    with pytest.raises(SystemExit, match="primaries/a: Health checks are not configured"):
        script["main"]()
