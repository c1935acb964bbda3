"""The dashboards for Grafana as tests see them: their panels, and what each asks of Prometheus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FILES = sorted((Path(__file__).resolve().parents[2] / "roles/grafana/files/dashboards").glob("*.json"))
# What Grafana puts in place of its variables, where everything is chosen.
VARIABLES = {"$__rate_interval": "5m", "$group": ".*", "$host": ".*"}


class Asked(NamedTuple):
    """An expression of a panel, as Prometheus gets it. labels: those that its legend names."""

    dashboard: str
    panel: str
    expression: str
    labels: frozenset[str]


def read(path: Path) -> dict[str, Any]:
    """A dashboard."""
    return json.loads(path.read_text(encoding="utf-8"))


def panels(path: Path) -> list[dict[str, Any]]:
    """All of a dashboard's panels but its headings."""
    return [panel for panel in read(path)["panels"] if panel["type"] != "row"]


def asked() -> Iterator[Asked]:
    """Every expression of every panel."""
    for path in FILES:
        for panel in panels(path):
            for target in panel["targets"]:
                expression = target["expr"]
                for name, value in VARIABLES.items():
                    expression = expression.replace(name, value)
                labels = frozenset(re.findall(r"{{(\w+)}}", target.get("legendFormat", "")))
                yield Asked(path.stem, panel["title"], expression, labels)
