"""The examples for applications: a switchover costs them a pause and no write, and an impostor gets no password."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

from camgrid import connect, endpoints, patroni, pki, secrets
from camgrid.router import Settings
from camgrid.topology import ENDPOINT_PORTS
from tests.cluster.support import MEASURED, ROOT

pytestmark = pytest.mark.once

EXAMPLES = ("with_psycopg.py", "with_router.py", "with_sqlalchemy.py", "with_asyncpg.py", "with_node.js")
# Where Debian's nodejs looks, and what scripts/setup gets for others.
NODE_PATH = f"/usr/share/nodejs:{ROOT / '.cache/nodejs/usr/share/nodejs'}"
SECONDS = 15
# A tenth of the writes at the examples' pace, on a machine that is busy.
ENOUGH = 10 * SECONDS
# No other test's cameras; each example has a hundred of its own.
FIRST_CAMERA = 1_900_000_000
LAST_LINE = re.compile(r"(\d+) acknowledged, \d+ retries, longest pause [\d.]+ s, 0 missing, 0 too many")


def why_not(name: str) -> str:
    """Why an example cannot run on this machine; empty when it can."""
    if not name.endswith(".js"):
        return ""
    if not shutil.which("node"):
        return "no node: apt-get install nodejs node-pg"
    command = ["node", "-e", "require('pg')"]
    found = subprocess.run(command, env=os.environ | {"NODE_PATH": NODE_PATH}, capture_output=True, check=False)
    return "no node-pg: apt-get install node-pg, or ./scripts/setup dev as root" if found.returncode else ""


@pytest.fixture(scope="module")
def start(cluster, tmp_path_factory):
    """Starts an example; hosts: instead of the proxies."""
    passwords = secrets.passwords(cluster.inventory)
    file = tmp_path_factory.mktemp("examples") / "passwords"
    secrets.write_private(
        file, "".join(f"*:*:*:{connect.ROLES[role]}:{word}\n" for role, word in passwords.items()).encode()
    )
    router, settings = file.with_name("endpoints.json"), Settings.from_inventory(cluster.path, "writer").exported()

    def starter(name: str, hosts: str | None = None) -> subprocess.Popen:
        router.write_text(json.dumps(settings | ({"proxies": [hosts], "nodes": {}} if hosts else {})))
        environment = os.environ | {
            "PGHOST": hosts or ",".join(endpoints.addresses(cluster.topology)),
            "PGPASSFILE": str(file),
            "CAMGRID_ENDPOINTS": str(router),
            "PGSSLROOTCERT": str(pki.directory(cluster.inventory) / "ca.crt"),
            "NODE_PATH": NODE_PATH,
        }
        command = ["node" if name.endswith(".js") else sys.executable, ROOT / "docs/examples" / name]
        command += [str(SECONDS), str(FIRST_CAMERA + 100 * EXAMPLES.index(name))]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    return starter


def switch_over(cluster, group: int) -> float:
    """Makes a replica the group's leader as planned; returns the seconds that Patroni took."""
    context = ssl.create_default_context(cafile=str(pki.directory(cluster.inventory) / "ca.crt"))
    context.load_cert_chain(pki.directory(cluster.inventory) / f"{pki.OPERATOR}.pem")
    leader, began = cluster.leader(group), time.monotonic()
    url = f"https://{leader.address}:{patroni.PORT}/switchover"
    request = urllib.request.Request(url, data=json.dumps({"leader": leader.host}).encode())
    with urllib.request.urlopen(request, context=context, timeout=60) as answer:  # noqa: S310 - our own address
        assert answer.status == 200
    assert cluster.leader(group) != leader
    return time.monotonic() - began


@pytest.fixture(scope="module")
def runs(cluster, start):
    """Example → (exit code, output) of all that can run here, side by side, with a switchover in the middle."""
    started = {name: start(name) for name in EXAMPLES if not why_not(name)}
    time.sleep(SECONDS / 3)  # no condition: the middle of what they were told to do
    took = switch_over(cluster, 1 if cluster.topology.sharded else 0)
    outputs = {name: (process.communicate(timeout=120)[0], process.returncode) for name, process in started.items()}
    MEASURED.append(f"switchover under the examples: {took:.1f} s")
    yield outputs
    with cluster.connect("admin") as conn:
        for table in ("counting_results", "camera_events"):
            conn.execute(f"DELETE FROM camgrid.{table} WHERE camera_id >= {FIRST_CAMERA}")
    give_up = time.monotonic() + 60
    while not all(member.healthy for member in cluster.members()) and time.monotonic() < give_up:
        time.sleep(1)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_switchover_costs_no_acknowledged_write(name, runs):
    if name not in runs:
        pytest.skip(why_not(name))
    output, code = runs[name]
    MEASURED.append(f"{name}:\n{output}".rstrip().replace("\n", "\n  "))
    assert code == 0, output
    last = LAST_LINE.fullmatch(output.splitlines()[-1])
    assert last, output
    assert int(last[1]) > ENOUGH


@pytest.fixture(scope="module")
def impostor(cluster):
    """An address whose certificate names other hosts: the cluster's own endpoint behind another one."""
    target = (endpoints.addresses(cluster.topology)[0], ENDPOINT_PORTS["ingest"])
    with socket.create_server(("127.0.0.2", target[1])) as server:
        threading.Thread(target=serve, args=(server, target), daemon=True).start()
        yield "127.0.0.2"
        server.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for clients


def serve(server: socket.socket, target: tuple[str, int]) -> None:
    """Passes bytes on in both directions until the server is closed."""
    with contextlib.suppress(OSError):
        while True:
            client, far = server.accept()[0], socket.create_connection(target)
            for source, sink in ((client, far), (far, client)):
                threading.Thread(target=copy, args=(source, sink), daemon=True).start()


def copy(source: socket.socket, sink: socket.socket) -> None:
    """Passes bytes on until one side goes."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_impostor_gets_no_password(name, start, impostor):
    if why_not(name):
        pytest.skip(why_not(name))
    process = start(name, hosts=impostor)
    output = process.communicate(timeout=30)[0]
    assert process.returncode == 1, output
    assert re.search("certificate|altnames", output), output
    assert "retry" not in output, output
