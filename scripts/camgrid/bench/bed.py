"""Where a benchmark runs: a host of the cluster with pgbench, and on it a plain PostgreSQL to compare with.

The plain one is of the same version, has stock settings and no replica, and lies on the same disk as the node's data.
Both are driven from that host, so that neither has a shorter way than the other.
"""

from __future__ import annotations

import secrets as random
from collections.abc import Mapping
from shlex import quote
from typing import Any

from camgrid import pki
from camgrid.connect import DATABASE
from camgrid.inventory import Inventory
from camgrid.remote import Host
from camgrid.topology import MAIN_REGION, Topology

DIRECTORY = "/var/lib/postgresql/camgrid-bench"
_UNIT, REPLICA_UNIT = "camgrid-bench-plain", "camgrid-bench-replica"
PORT = 5499
# Were we killed, it ends by itself.
_LONGEST_S = 4 * 3600


def default_host(topology: Topology) -> str:
    """The host with the least to do: the coordinator's replica for reports, else its last member."""
    members = topology.group(0, MAIN_REGION)
    return next((node.host for node in members if node.analytics), members[-1].host)


class Bed:
    """A `with` block in which the host has a plain PostgreSQL; it leaves nothing behind on the host."""

    def __init__(self, inventory: Inventory, topology: Topology, host: str) -> None:
        self.host = Host(inventory, host)
        self._authority = (pki.directory(inventory) / "ca.crt").read_text()
        self.bin = f"/usr/lib/postgresql/{topology.postgresql_version}/bin"
        self._password = random.token_urlsafe(24)

    def __enter__(self) -> Bed:
        self._remove()
        self.host.run(f"install -d -m 700 -o postgres -g postgres {DIRECTORY}")
        try:
            self.put("ca.crt", self._authority)
            self.put("password", self._password)
            self.shell(
                f"{self.bin}/initdb --pgdata=plain --auth-local=peer --auth-host=scram-sha-256 --pwfile=password"
                " --encoding=UTF8 --locale=C.UTF-8 >initdb.log"
            )
            self.start(_UNIT, "plain", PORT)
            self.shell(f"{self.bin}/createdb --host={DIRECTORY} --port={PORT} {DATABASE}")
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    def start(self, unit: str, data: str, port: int) -> None:
        """Starts a PostgreSQL of the bed's directory; it serves when this returns. data: its subdirectory."""
        self.host.run(
            f"systemd-run --quiet --collect --unit={unit} --uid=postgres --property=Type=notify"
            f" --property=RuntimeMaxSec={_LONGEST_S} --property=KillSignal=SIGINT"
            f" {self.bin}/postgres -D {DIRECTORY}/{data} -c port={port} -c unix_socket_directories={DIRECTORY}"
        )

    def shell(self, command: str, given: str = "") -> str:
        """What a shell command prints, as the user postgres in the bed's directory."""
        return self.host.run(f"cd {DIRECTORY} && runuser -u postgres -G camgrid-tls -- sh -c {quote(command)}", given)

    def put(self, name: str, content: str) -> None:
        """A file in the bed's directory, readable by postgres alone."""
        self.shell(f"umask 077; cat >{quote(name)}", content)

    def put_all(self, files: Mapping[str, str]) -> None:
        """Many files at once: one call to the host instead of one each."""
        end = f"end-{random.token_hex(8)}"
        parts = (f"cat >{quote(name)} <<'{end}'\n{content}\n{end}\n" for name, content in files.items())
        self.shell("umask 077; sh", "".join(parts))

    def plain(self) -> dict[str, Any]:
        """libpq's parameters of the plain PostgreSQL, over TCP as an application would: without TLS, as it comes."""
        return {
            "host": "127.0.0.1",
            "port": str(PORT),
            "dbname": DATABASE,
            "user": "postgres",
            "password": self._password,
            "sslmode": "disable",
        }

    def environment(self, name: str, wanted: dict[str, Any]) -> str:
        """`env …` for libpq's parameters, whose password goes into a file. name: tells the files of several apart."""
        places = zip(str(wanted["host"]).split(","), str(wanted["port"]).split(","), strict=True)
        lines = [f"{host}:{port}:*:{wanted['user']}:{wanted['password']}" for host, port in places]
        self.put(f"{name}.pass", "\n".join(lines) + "\n")
        variables = {
            "PGHOST": wanted["host"],
            "PGPORT": wanted["port"],
            "PGUSER": wanted["user"],
            "PGDATABASE": wanted["dbname"],
            "PGPASSFILE": f"{DIRECTORY}/{name}.pass",
            "PGSSLMODE": wanted["sslmode"],
            "PGSSLROOTCERT": f"{DIRECTORY}/ca.crt",
            "PGSSLCERTMODE": "disable",
        }
        if wanted.get("sslcert"):
            pem = wanted["sslcert"]
            variables |= {"PGSSLCERT": pem, "PGSSLKEY": pem, "PGSSLCERTMODE": "require"}
        return "env " + " ".join(f"{key}={quote(str(value))}" for key, value in variables.items())

    def _remove(self) -> None:
        units = f"{REPLICA_UNIT} {_UNIT}"
        self.host.run(
            f"systemctl stop {units} 2>/dev/null; systemctl reset-failed {units} 2>/dev/null; rm -rf {DIRECTORY}"
        )
