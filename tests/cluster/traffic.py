"""Even traffic by pgbench, which a node of the lab runs: single counts stored and read at fixed rates, all logged.

pgbench takes a statement's time from when it was due, so one that had to wait for its turn counts as late.
"""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field
from typing import Any

from camgrid import endpoints
from camgrid.lab import host as hosts
from tests.cluster.support import Cluster

# Zones that only this traffic writes, one for each connection, so that no two rows are the same.
ZONE = 100
_DIRECTORY = "/run/camgrid-traffic"
_PGBENCH = "/usr/lib/postgresql/17/bin/pgbench"
_SCRIPTS = {
    "write": """\\set camera random(1, :cameras)
INSERT INTO camgrid.counting_results (camera_id, zone_id, "timestamp", count_in)
VALUES (:camera, {zone} + :client_id, clock_timestamp(), 1) ON CONFLICT DO NOTHING;
""",
    "read": """\\set camera random(1, :cameras)
SELECT "timestamp", count_in FROM camgrid.counting_results
WHERE camera_id = :camera AND "timestamp" > now() - interval '1 hour' ORDER BY "timestamp" DESC LIMIT 1;
""",
}
_ENDPOINTS = {"write": ("ingest", "writer"), "read": ("read", "reader")}


@dataclass
class Lane:
    """One pgbench. done: (moment it ended as seconds of the epoch, milliseconds that it took) of each statement."""

    process: subprocess.Popen
    done: list[tuple[float, float]] = field(default_factory=list)
    complaint: str = ""

    def percentile(self, share: float, since: float = 0, until: float = float("inf")) -> float:
        """Milliseconds within which this share of the statements was done that ended between two moments."""
        times = sorted(took for ended, took in self.done if since <= ended <= until)
        assert times, "no statement ended in that time"
        return times[min(len(times) - 1, int(share * len(times)))]


class Traffic:
    """Traffic for as long as the `with` block lasts; lanes, write and read, hold what came of it afterwards."""

    def __init__(self, cluster: Cluster, *, writes: int, reads: int, cameras: int, clients: int = 8) -> None:
        self.cluster, self.rates, self.cameras, self.clients = (
            cluster,
            {"write": writes, "read": reads},
            cameras,
            clients,
        )
        self.node = next(node for node in cluster.topology.nodes if node.analytics)
        self.lanes: dict[str, Lane] = {}
        self.started = self.ended = 0.0

    def __enter__(self) -> Traffic:
        self.started = time.time()
        self._shell(f"rm -rf {_DIRECTORY} && mkdir -m 700 {_DIRECTORY}")
        authority = (self.cluster.inventory.secrets_dir / "pki" / "ca.crt").read_text()
        self._put("ca.crt", authority)
        for lane in self.rates:
            self._put(f"{lane}.sql", _SCRIPTS[lane].format(zone=ZONE))
            self.lanes[lane] = Lane(self._start(lane))
        return self

    def __exit__(self, *_: Any) -> None:
        # Its own clock ends pgbench by this signal: what is under way is finished, and the log is written to its end.
        # 1 is that none runs any more: what ended it is in its complaint.
        self._shell("pkill -ALRM -x pgbench || test $? -eq 1")
        for name, lane in self.lanes.items():
            _, lane.complaint = lane.process.communicate(timeout=60)
            for line in self._shell(f"cat {_DIRECTORY}/{name}.log.*").splitlines():
                words = line.split()
                lane.done.append((int(words[4]) + int(words[5]) / 1e6, int(words[2]) / 1e3))
        self.ended = time.time()

    @property
    def write(self) -> Lane:
        return self.lanes["write"]

    @property
    def read(self) -> Lane:
        return self.lanes["read"]

    def errors(self) -> list[str]:
        """What pgbench complained about: a statement that failed ends its connection and is never sent again."""
        ended = [f"{name}: pgbench ended with {lane.process.returncode}" for name, lane in self.lanes.items()]
        return [line for line in ended if not line.endswith(" 0")] + [
            f"{name}: {line}"
            for name, lane in self.lanes.items()
            for line in lane.complaint.splitlines()
            if "error" in line.lower() or "abort" in line.lower()
        ]

    def stored(self) -> int:
        """How many rows of this traffic's writes the database has."""
        query = 'SELECT count(*) FROM counting_results WHERE zone_id >= %s AND "timestamp" >= to_timestamp(%s)'
        return self.cluster.value(query, ZONE, self.started)

    def _start(self, lane: str) -> subprocess.Popen:
        endpoint, role = _ENDPOINTS[lane]
        wanted = endpoints.parameters(self.cluster.inventory, self.cluster.topology, role, endpoint)
        places = zip(wanted["host"].split(","), wanted["port"].split(","), strict=True)
        lines = [f"{host}:{port}:*:{wanted['user']}:{wanted['password']}" for host, port in places]
        self._put(f"{lane}.pass", "\n".join(lines) + "\n")
        environment = {
            "PGHOST": wanted["host"],
            "PGPORT": wanted["port"],
            "PGUSER": wanted["user"],
            "PGPASSFILE": f"{_DIRECTORY}/{lane}.pass",
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": f"{_DIRECTORY}/ca.crt",
            "PGSSLCERTMODE": "disable",
        }
        words = [
            "env",
            *(f"{name}={value}" for name, value in environment.items()),
            *(_PGBENCH, "--no-vacuum", "--protocol=prepared", "--time=36000", "--log", f"--log-prefix={lane}.log"),
            *(f"--rate={self.rates[lane]}", f"--client={self.clients}", f"--define=cameras={self.cameras}"),
            *(f"--file={lane}.sql", wanted["dbname"]),
        ]
        return subprocess.Popen(
            self._ssh(f"cd {_DIRECTORY} && {' '.join(words)}"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _put(self, name: str, content: str) -> None:
        command = self._ssh(f"umask 077; cat > {_DIRECTORY}/{name}")
        subprocess.run(command, input=content, text=True, check=True, capture_output=True)

    def _shell(self, command: str) -> str:
        return subprocess.run(self._ssh(command), text=True, check=True, capture_output=True).stdout

    def _ssh(self, command: str) -> list[str]:
        return hosts.ssh_command(self.cluster.lab, self.node.address, command)
