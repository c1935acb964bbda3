"""A lab's Prometheus in the words of the tests, asked with the operator's certificate."""

from __future__ import annotations

import json
import ssl
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

from camgrid import monitoring, pki
from tests.cluster.support import Cluster


class Prometheus:
    """The Prometheus of a lab's first monitor."""

    def __init__(self, cluster: Cluster) -> None:
        self.host = cluster.topology.roles["monitor"][0]
        self.address = cluster.topology.hosts[self.host]
        where = pki.directory(cluster.inventory)
        self.trusting = ssl.create_default_context(cafile=str(where / "ca.crt"))
        self.showing = ssl.create_default_context(cafile=str(where / "ca.crt"))
        self.showing.load_cert_chain(where / "operator.pem")

    def get(self, path: str) -> Any:
        """The data of an answer of its API."""
        url = f"https://{self.address}:{monitoring.PROMETHEUS_PORT}/api/v1/{path}"
        with urlopen(url, context=self.showing, timeout=20) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each series that an expression gives now."""
        found = self.get(f"query?query={quote(expression)}")["result"]
        return [(series["metric"], float(series["value"][1])) for series in found]

    def failed_scrapes(self, seconds: float) -> dict[tuple[str, str], int]:
        """(job, instance) → how often it did not answer in the last seconds, of those that failed to."""
        window = f"{max(1, round(seconds))}s"
        found = self.query(f"count_over_time(up[{window}]) - sum_over_time(up[{window}]) > 0")
        return {(labels["job"], labels["instance"]): round(failed) for labels, failed in found}

    def metrics(self) -> set[str]:
        """Names of all metrics that it has."""
        return set(self.get("label/__name__/values"))

    def alerts(self, state: str = "firing") -> list[dict[str, str]]:
        """Labels of the alerts that are in a state."""
        return [alert["labels"] for alert in self.get("alerts")["alerts"] if alert["state"] == state]

    def fires(self, name: str, **labels: str) -> bool:
        """Whether an alert with these labels fires."""
        return any(labels.items() <= alert.items() for alert in self.alerts() if alert["alertname"] == name)
