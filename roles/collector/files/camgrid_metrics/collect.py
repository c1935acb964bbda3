"""One look at the whole cluster."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from . import queries
from .ask import Answer, ask
from .queries import Query, Sample
from .settings import Host, Settings

# A node answers from memory; the coordinator asks all nodes for their shards' sizes.
NODE_S = 10
COORDINATOR_S = 25
_UP = "Whether the coordinator's primary answered in time"
_NODE_UP = "Whether a node's PostgreSQL answered in time"
_ANSWERED = "Whether a query of the collector was answered"
_SIZE = "Members of a group in a region that may lead, as the inventory has them"


class Cluster:
    """The cluster as the collector asks it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._of_node = queries.load("node")
        self._of_region = queries.load("region") if any("pgbouncer" in node.services for node in settings.nodes) else []
        self._of_coordinator = queries.load("coordinator") + (queries.load("citus") if settings.sharded else [])
        self._complained: dict[str, str] = {}

    def look(self) -> list[Sample]:
        """Asks the coordinator, one member of it in each region, and every node, all at once."""
        settings = self._settings
        with ThreadPoolExecutor(len(settings.nodes) + len(settings.regions) + 1) as pool:
            first = pool.submit(
                ask, settings, settings.coordinators, self._of_coordinator, COORDINATOR_S, wanted="primary"
            )
            regions = {name: pool.submit(self._ask_region, name) for name in settings.regions if self._of_region}
            nodes = [(node, pool.submit(ask, settings, [node], self._of_node, NODE_S)) for node in settings.nodes]
            found = self._samples("coordinator", self._of_coordinator, first.result(), {})
            up = len(first.result().rows) > 0 and "no answer" not in first.result().complaint
            for name, told in regions.items():
                found += self._samples(name, self._of_region, told.result(), {"region": name})
            for node, told in nodes:
                found += self._node(node, told.result())
        now = Sample("camgrid_collected_timestamp_seconds", "When the cluster was looked at last", (), time.time())
        return [*found, Sample("camgrid_up", _UP, (), up), now, *self._wanted()]

    def _ask_region(self, region: str) -> Answer:
        hosts = [host for host in self._settings.coordinators if host.region == region]
        return ask(self._settings, hosts, self._of_region, COORDINATOR_S)

    def _node(self, node: Host, answer: Answer) -> list[Sample]:
        regions = {host.host: host.region for host in self._settings.hosts}
        found = []
        for sample in self._samples(node.host, self._of_node, answer, node.labels):
            labels = dict(sample.labels)
            if "replica" in labels:
                # A slot that nobody uses is known by its name alone, in which a dash is an underscore.
                names = (name for name in regions if labels["replica"] in (name, name.replace("-", "_")))
                labels["replica"] = next(names, labels["replica"])
                labels["far"] = str(regions.get(labels["replica"], node.region) != node.region).lower()
            found.append(Sample(sample.name, sample.help, tuple(sorted(labels.items())), sample.value))
        return [*found, Sample("camgrid_node_up", _NODE_UP, tuple(sorted(node.labels.items())), bool(answer.rows))]

    def _samples(self, asked: str, wanted: list[Query], answer: Answer, labels: dict[str, str]) -> list[Sample]:
        if answer.complaint != self._complained.get(asked, ""):
            print(f"{asked}: {answer.complaint or 'answers again'}", flush=True)
            self._complained[asked] = answer.complaint
        found = []
        for query in wanted:
            about = (("asked", asked), ("query", query.name))
            found.append(Sample("camgrid_query_answered", _ANSWERED, about, query.name in answer.rows))
            found += query.samples(answer.rows.get(query.name, []), labels)
        return found

    def _wanted(self) -> list[Sample]:
        """What the inventory wants of the cluster, for rules to compare with."""
        delay = "Seconds that the region which stands by waits on purpose before it replays"
        found = [Sample("camgrid_region_delay_seconds", delay, (), self._settings.region_delay_s)]
        members: dict[tuple[str, str], int] = {}
        for node in self._settings.nodes:
            key = (str(node.group), node.region)
            members[key] = members.get(key, 0) + (not node.analytics)
        for (group, region), number in members.items():
            found.append(Sample("camgrid_group_members", _SIZE, (("citus_group", group), ("region", region)), number))
        return found
