"""Of a host's services those are named that show another certificate than the host's own, or none."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from camgrid import pki
from camgrid.topology import build
from tests.unit.inventories import single

SCRIPT = Path(__file__).resolve().parents[2] / "roles/pki/files/shown.py"


@pytest.fixture(scope="module")
def where(tmp_path_factory):
    """A directory with a CA and its hosts' certificates."""
    inventory = single(tmp_path_factory.mktemp("inventory"))
    pki.ensure(inventory, build(inventory))
    return pki.directory(inventory)


@contextmanager
def serving(where: Path, host: str) -> Iterator[str]:
    """A service with a host's certificate that answers who shows one alone, as exporters and etcd do. Its place."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(where / "ca.crt"))
    context.load_cert_chain(where / f"{host}.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            plain, _ = server.accept()
            with pytest.raises(ssl.SSLError), plain:
                context.wrap_socket(plain, server_side=True).recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)


def named(where: Path, *places: str) -> list[str]:
    command = [sys.executable, SCRIPT, where / "c1.pem", *places]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def test_a_service_with_the_hosts_certificate_is_not_named_though_it_would_answer_nobody_without_one(where):
    with serving(where, "c1") as place:
        assert named(where, place) == []


def test_one_with_another_certificate_and_one_that_is_away_are(where):
    with socket.create_server(("127.0.0.1", 0)) as server:
        away = f"127.0.0.1:{server.getsockname()[1]}"
    with serving(where, "c2") as other, serving(where, "c1") as own:
        assert named(where, other, away, own) == [other, away]


def test_without_a_service_there_is_nothing_to_name(where):
    assert named(where) == []
