"""A second Prometheus on a lab's monitor: the same targets and the same rules, but in a hurry.

What takes an alert ten minutes there takes seconds here: `for` is left out, and spans and ages are shorter. The long
ones are what promtool tests (tests/unit/test_alert_rules.py).
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import yaml

from tests.cluster.support import ROOT, Cluster

_WHERE = "/run/camgrid-hurried"
_PORT = 9099
_UNIT = "camgrid-hurried"
_INTERVAL_S = 5
# Part of an expression → what stands in its place.
SHORTER = {
    "AlertsUndelivered": ("[5m]", "[30s]"),
    "ArchiveBehind": ("> 64", "> 1"),
    "BackupMetricsOld": ("> 600", "> 100"),
    "BackupTooOld": ("50 * 3600", "240"),
    "CollectorStuck": ("> 180", "> 75"),
    "DiskFilling": ("[6h], 24 * 3600", "[1m], 60"),
    "ExporterSlow": ("[10m]) > 5", "[20s]) > 4"),
    "PoolClientsWait": ("> 5", "> 1"),
    "PreparedTransactionsLeft": ("> 300", "> 5"),
    "RebalanceStuck": ("[30m]", "[30s]"),
    "RegionLag": ("> 60 +", "> 5 +"),
    "ReplicaLagging": ("> 60", "> 5"),
    "RestoreDrillTooOld": ("35 * 86400", "150"),
    "RestorePointTooOld": ("20 * 60", "150"),
    "RollupsStale": ("> 300", "> 75"),
    "RulesFail": ("[5m]", "[30s]"),
    # Of any size, and by less: shards are moved for it.
    "ShardSkew": ("> 1.5\nand sum(camgrid:group_bytes) > 10 * 2 ^ 30", "> 1.25"),
}
_BROKEN = {"groups": [{"name": "broken", "rules": [{"record": "broken", "expr": "up * on () group_left () up"}]}]}


def rules() -> dict[str, str]:
    """File → the rules of the role in a hurry. An assertion error when an expression is another than SHORTER knows."""
    found, left = {}, dict(SHORTER)
    for path in sorted((ROOT / "roles/prometheus/files/rules").glob("*.yml")):
        content = yaml.safe_load(path.read_text())
        for rule in (rule for group in content["groups"] for rule in group["rules"]):
            rule.pop("for", None)
            long, short = left.pop(rule.get("alert"), ("", ""))
            assert long in rule["expr"], rule
            rule["expr"] = rule["expr"].replace(long, short) if long else rule["expr"]
        found[path.name] = yaml.safe_dump(content)
    assert not left
    return found


class Hurried:
    """It, as it runs."""

    def __init__(self, cluster: Cluster, monitor: str) -> None:
        self._host = cluster.host(monitor)

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each series that an expression gives now."""
        command = f"promtool query instant --format=json http://127.0.0.1:{_PORT} {shlex.quote(expression)}"
        return [
            (series["metric"], float(series["value"][1])) for series in json.loads(self._host.check_output(command))
        ]

    def alerts(self) -> list[dict[str, str]]:
        """Labels of the alerts that fire."""
        return [labels for labels, _ in self.query('ALERTS{alertstate="firing"}')]

    def fires(self, name: str, **labels: str) -> bool:
        """Whether an alert with these labels fires."""
        return any(({"alertname": name} | labels).items() <= alert.items() for alert in self.alerts())

    @contextmanager
    def told(self, path: str, content: dict[str, Any]) -> Iterator[None]:
        """Another content of one of its files for a while, or one file more."""
        file = self._host.file(f"{_WHERE}/{path}")
        before = file.content_string if file.exists else None
        self._reads(path, yaml.safe_dump(content))
        try:
            yield
        finally:
            self._reads(path, before)

    def _reads(self, path: str, content: str | None) -> None:
        if content is None:
            self._host.check_output(f"rm {_WHERE}/{path}")
        else:
            write(self._host, path, content)
        self._host.check_output(f"systemctl kill --signal=HUP {_UNIT}")

    def rules_broken(self) -> AbstractContextManager[None]:
        """A rule that cannot be worked out."""
        return self.told("rules/broken.yml", _BROKEN)

    def nobody_listening(self) -> AbstractContextManager[None]:
        """An Alertmanager is named that is not there."""
        config = yaml.safe_load(self._host.file(f"{_WHERE}/prometheus.yml").content_string)
        nobody = {"alertmanagers": [{"static_configs": [{"targets": ["127.0.0.1:9"]}]}]}
        return self.told("prometheus.yml", config | {"alerting": nobody})


def write(host: Any, path: str, content: str) -> None:
    """A file below the directory of the hurried Prometheus."""
    host.check_output(f"printf %s {shlex.quote(content)} >{_WHERE}/{path}")


@contextmanager
def hurried(cluster: Cluster) -> Iterator[Hurried]:
    """Runs it beside the lab's own for as long as it is used."""
    monitor = cluster.topology.roles["monitor"][0]
    host = cluster.host(monitor)
    config = yaml.safe_load(host.file("/etc/camgrid/prometheus/prometheus.yml").content_string)
    config["global"] |= {f"{what}_interval": f"{_INTERVAL_S}s" for what in ("scrape", "evaluation")}
    config["global"]["scrape_timeout"] = f"{_INTERVAL_S}s"
    config["rule_files"] = [f"{_WHERE}/rules/*.yml"]
    # Of Prometheus it watches itself: what fails in it is caused in it.
    others = [job for job in config["scrape_configs"] if job["job_name"] != "prometheus"]
    own = {"targets": [f"127.0.0.1:{_PORT}"], "labels": {"instance": str(monitor)}}
    config["scrape_configs"] = [*others, {"job_name": "prometheus", "static_configs": [own]}]
    host.run(f"systemctl stop {_UNIT}; systemctl reset-failed {_UNIT}; rm -rf {_WHERE}")
    host.check_output(f"mkdir -p {_WHERE}/rules {_WHERE}/data && chown prometheus: {_WHERE}/data")
    write(host, "prometheus.yml", yaml.safe_dump(config))
    for name, content in rules().items():
        write(host, f"rules/{name}", content)
    properties = "-p User=prometheus -p SupplementaryGroups=camgrid-tls"
    options = (
        f"--config.file={_WHERE}/prometheus.yml --storage.tsdb.path={_WHERE}/data"
        f" --web.listen-address=127.0.0.1:{_PORT} --log.level=warn"
    )
    try:
        host.check_output(f"systemd-run --quiet --collect --unit={_UNIT} {properties} prometheus {options}")
        yield Hurried(cluster, monitor)
    finally:
        host.check_output(f"systemctl stop {_UNIT} && rm -rf {_WHERE}")
