"""The lab that faults happen in: whether it is one, who leads in it, and how its hosts are reached and broken."""

from __future__ import annotations

import json
import ssl
from functools import cached_property
from ipaddress import ip_address
from typing import Any
from urllib.request import Request, urlopen

import psycopg

from camgrid import connect, patroni, pki
from camgrid.cli.app import App
from camgrid.errors import CamgridError, UsageError
from camgrid.inventory import Inventory
from camgrid.lab import host as hosts
from camgrid.lab import up
from camgrid.lab.config import Lab, all_labs
from camgrid.lab.inventory import inventory_of
from camgrid.lab.run import run
from camgrid.topology import MAIN_REGION, Node, Topology

# No camera of any sample has these; the rows that the load wrote are known by them.
CAMERAS = (800_000, 800_999)
# Cameras of each group that the load writes for: several shards of it, few enough to stay quick to compare.
_CAMERAS_PER_GROUP = 4
# What Patroni may take for a planned switch before the request for it is given up.
_SWITCHOVER_TIMEOUT_S = 60
_PEM, _CA = "/etc/camgrid/pki/node.pem", "/etc/camgrid/pki/ca.crt"


def lab_of(inventory: Inventory) -> Lab:
    """The lab of this machine that the inventory is. UsageError for every other inventory."""
    found = next((lab for lab in all_labs() if inventory_of(lab).resolve() == inventory.path.resolve()), None)
    if not found:
        raise UsageError(
            "faults are for labs only, and this is the inventory of none on this machine",
            where=str(inventory.path),
            hint="make one with `scripts/lab up`, then: camgrid -i inventory/lab chaos …",
        )
    return found


def refuse_strangers(lab: Lab, topology: Topology) -> None:
    """UsageError when a host's address is not one of the lab's subnet."""
    for host, address in topology.hosts.items():
        if ip_address(address) not in lab.subnet:
            raise UsageError(
                f"its address {address} is outside of the subnet {lab.subnet} of lab {lab.name}",
                where=f"host {host}",
                hint="a lab's inventory names its own hosts only: give it an address in that subnet",
            )


class Ground:
    """A lab and the cluster in it. UsageError when the inventory is no lab's."""

    def __init__(self, app: App) -> None:
        self.app, self.inventory = app, app.inventory
        # Before anything else is said of the inventory: what is wrong with another's is not the question here.
        self.lab = lab_of(app.inventory)
        self.topology = app.topology
        refuse_strangers(self.lab, self.topology)

    def members(self) -> list[patroni.Member]:
        """All members as Patroni sees them."""
        return patroni.members(self.inventory, self.topology)

    def leaders(self) -> dict[int, Node]:
        """Group → the node that leads it now; groups without a leader are missing."""
        leading = {member.name for member in self.members() if member.role == "leader"}
        return {node.group: node for node in self.topology.nodes if node.host in leading}

    def replica(self, group: int, leader: Node) -> Node:
        """A replica of a group that could take over from leader. UsageError when it has none."""
        others = [node for node in self.topology.group(group) if node != leader and not node.analytics]
        if not others:
            raise UsageError(f"group {group} has no replica that could take over", hint="name another with --group")
        return others[0]

    def connect_to(self, node: Node, role: str = "admin") -> psycopg.Connection:
        """A connection to one node, whatever it is now."""
        wanted = connect.parameters(self.inventory, self.topology, role)
        return psycopg.connect(
            **wanted | {"host": node.address, "port": "5432", "target_session_attrs": "any"}, autocommit=True
        )

    def direct(self, group: int) -> dict[str, Any]:
        """libpq's parameters of an application that goes past all proxies to whoever says that it leads a group."""
        regions = self.topology.region_names
        nodes = [node for region in regions for node in self.topology.group(group, region) if not node.analytics]
        return connect.parameters(self.inventory, self.topology, "writer") | {
            "host": ",".join(node.address for node in nodes),
            "port": ",".join("5432" for _ in nodes),
        }

    @cached_property
    def cameras(self) -> dict[int, list[int]]:
        """Group with tables → cameras of CAMERAS whose rows it stores."""
        if not self.topology.sharded:
            return {0: list(range(CAMERAS[0], CAMERAS[0] + _CAMERAS_PER_GROUP))}
        query = """
            SELECT p.groupid, array_agg(camera ORDER BY camera)
            FROM generate_series(%s::integer, %s) AS camera
            JOIN pg_dist_placement AS p ON p.shardid = camgrid.get_shard_for_camera(camera)
            GROUP BY p.groupid ORDER BY p.groupid
        """
        with self.app.connect("admin") as conn:
            return {group: found[:_CAMERAS_PER_GROUP] for group, found in conn.execute(query, CAMERAS)}

    def shell(self, host: str, command: str) -> str:
        """What a shell command as root of a host prints. CamgridError when it fails."""
        return run(hosts.ssh_command(self.lab, self.lab.address(host), command))

    def data_directory(self) -> str:
        """Where PostgreSQL's data is on every node."""
        return f"/var/lib/postgresql/{self.topology.postgresql_version}/{self.topology.cluster}"

    def kill(self, host: str) -> None:
        """Cuts the power of a host."""
        hosts.kill(self.lab, host)

    def start(self, host: str) -> None:
        """Switches a host on again and waits until it has booted."""
        up.start(self.lab, host)

    def etcd(self) -> tuple[str, list[str]]:
        """The host of etcd's leader, and those of its other members."""
        members = self.topology.etcd[MAIN_REGION]
        addresses = {f"https://{self.topology.hosts[host]}:2379": host for host in members}
        command = (
            f"etcdctl --endpoints={','.join(addresses)} --cacert={_CA} --cert={_PEM} --key={_PEM}"
            " endpoint status --write-out=json"
        )
        for told in json.loads(self.shell(members[0], command)):
            if told["Status"]["leader"] == told["Status"]["header"]["member_id"]:
                leader = addresses[told["Endpoint"]]
                return leader, [host for host in members if host != leader]
        raise CamgridError("etcd has no leader", hint="on its hosts: journalctl --unit=etcd --lines=50")

    def switchover(self, leader: Node) -> None:
        """A planned change of leader, done when it returns. CamgridError when Patroni refuses or fails."""
        where = pki.directory(self.inventory)
        context = ssl.create_default_context(cafile=str(where / "ca.crt"))
        context.load_cert_chain(where / f"{pki.OPERATOR}.pem")
        url = f"https://{leader.address}:{patroni.PORT}/switchover"
        request = Request(url, json.dumps({"leader": leader.host}).encode(), {"Content-Type": "application/json"})
        try:
            with urlopen(request, timeout=_SWITCHOVER_TIMEOUT_S, context=context):  # noqa: S310  always https
                return
        except OSError as error:
            raise CamgridError(
                f"Patroni has not switched over: {error}",
                where=f"{leader.host} ({leader.address}:{patroni.PORT})",
                hint=f"camgrid status; on {leader.host}: journalctl --unit=patroni --lines=50",
            ) from error
