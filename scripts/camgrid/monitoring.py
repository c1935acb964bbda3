"""Who monitors the cluster, and what: the targets of Prometheus and of the collector, derived from the topology."""

from __future__ import annotations

from typing import Any

from camgrid.topology import POOL_PORT, STATISTICS_PORT, STATUS_PAGE_PORT, Topology

# What serves metrics for the monitors alone; Patroni, etcd and HAProxy do so on ports that they have anyway.
NODE_PORT = 9100
POSTGRES_PORT = 9187
# On a monitor itself: the collector on its loopback, Prometheus for operators, Alertmanager on its loopback.
COLLECTOR_PORT = 9191
PROMETHEUS_PORT = 9090
ALERTMANAGER_PORT = 9093
PATRONI_PORT = 8008
ETCD_PORT = 2379
POSTGRESQL_PORT = 5432


def view(topology: Topology, host: str) -> dict[str, Any]:
    """What a host has to know of monitoring: who may look at it; a monitor also what it looks at.

    Every monitor looks at all hosts of all regions, so that each sees the loss of the other's region.
    """
    monitors = topology.roles.get("monitor", [])
    return {
        "monitors": [
            {"host": each, "address": topology.hosts[each], "subject": topology.subject(each)} for each in monitors
        ],
        "monitored": monitored(topology) if host in monitors else [],
        "targets": targets(topology, host) if host in monitors else {},
        "metrics_ports": {
            "node": NODE_PORT,
            "postgres": POSTGRES_PORT,
            "collector": COLLECTOR_PORT,
            "prometheus": PROMETHEUS_PORT,
            "alertmanager": ALERTMANAGER_PORT,
        },
    }


def monitored(topology: Topology) -> list[dict[str, Any]]:
    """Every host, for the collector: name, address, region, group (None without PostgreSQL), and service → port.

    services: what a host serves over TLS, whose certificates are looked at.
    """
    return [
        {
            "host": host,
            "address": address,
            "region": topology.regions[host],
            "group": node.group if (node := topology.node(host)) else None,
            "analytics": bool(node and node.analytics),
            "services": _services(topology, host),
        }
        for host, address in topology.hosts.items()
    ]


def targets(topology: Topology, monitor: str) -> dict[str, list[dict[str, Any]]]:
    """Job → its targets with their labels, as Prometheus reads them from a file (file_sd), for one monitor."""
    jobs: dict[str, list[dict[str, Any]]] = {
        job: [] for job in ("node", "postgres", "patroni", "etcd", "haproxy", "prometheus", "collector")
    }
    for host in topology.hosts:
        for service, port in _services(topology, host).items():
            if service in jobs:
                jobs[service].append(_target(topology, host, port))
    own = {"instance": monitor}
    jobs["prometheus"] = [{"targets": [f"{topology.hosts[monitor]}:{PROMETHEUS_PORT}"], "labels": own}]
    # The labels of what it tells are those of the hosts that it tells of.
    jobs["collector"] = [{"targets": [f"127.0.0.1:{COLLECTOR_PORT}"], "labels": own}]
    return jobs


def _services(topology: Topology, host: str) -> dict[str, int]:
    found = {"node": NODE_PORT}
    if topology.node(host):
        found |= {"postgres": POSTGRES_PORT, "patroni": PATRONI_PORT, "postgresql": POSTGRESQL_PORT}
        found |= {"pgbouncer": POOL_PORT} if topology.pooled else {}
    if host in topology.etcd.get(topology.regions[host], []):
        found["etcd"] = ETCD_PORT
    if host in topology.proxies(topology.regions[host]):
        found["haproxy"] = STATISTICS_PORT
    if host in topology.roles.get("monitor", []):
        found |= {"prometheus": PROMETHEUS_PORT, "status_page": STATUS_PAGE_PORT}
    return found


def _target(topology: Topology, host: str, port: int) -> dict[str, Any]:
    labels = {"instance": host, "region": topology.regions[host]}
    node = topology.node(host)
    if node:
        labels["citus_group"] = str(node.group)
    return {"targets": [f"{topology.hosts[host]}:{port}"], "labels": labels}
