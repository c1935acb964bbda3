"""The queries beside this module, one a file, and what becomes of their rows.

A file names its metrics at its top, `-- name: what it is`. Of a row's columns those are values (true is 1, null is no
value), all others are labels.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DIRECTORY = Path(__file__).parent / "queries"
_METRIC = re.compile(r"^-- ([a-z_]+): (.+)$", re.M)


@dataclass(frozen=True)
class Sample:
    """One value of a metric. help: what the metric is."""

    name: str
    help: str
    labels: tuple[tuple[str, str], ...]
    value: float


@dataclass(frozen=True)
class Query:
    """A query. metrics: column → what it is."""

    name: str
    text: str
    metrics: dict[str, str]

    @property
    def statement(self) -> str:
        """For psql: all rows as one line of JSON with the query's name."""
        return (
            f"SELECT jsonb_build_object('query', '{self.name}', 'rows', coalesce(jsonb_agg(to_jsonb(told)), '[]'))\n"
            f"FROM (\n{self.text}\n) AS told;\n"
        )

    def samples(self, rows: list[dict[str, Any]], labels: dict[str, str]) -> list[Sample]:
        """What its rows tell. labels: of all of them, where a row has none of that name."""
        found = []
        for row in rows:
            own = {name: str(value) for name, value in row.items() if name not in self.metrics}
            all_labels = tuple(sorted((labels | own).items()))
            found += [
                Sample(f"camgrid_{name}", text, all_labels, float(row[name]))
                for name, text in self.metrics.items()
                if row[name] is not None
            ]
        return found


def load(directory: str) -> list[Query]:
    """The queries of one directory, in the order of their names."""
    return [_read(path) for path in sorted((DIRECTORY / directory).glob("*.sql"))]


def parse(output: str) -> dict[str, list[dict[str, Any]]]:
    """Query → rows, of what psql printed; a line that is cut off in the middle is left out."""
    told = {}
    for line in output.splitlines():
        try:
            answer = json.loads(line)
        except ValueError:
            continue
        told[answer["query"]] = answer["rows"]
    return told


def _read(path: Path) -> Query:
    text = path.read_text()
    return Query(path.stem, text.rstrip().removesuffix(";"), dict(_METRIC.findall(text)))
