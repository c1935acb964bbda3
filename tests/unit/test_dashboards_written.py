"""What is committed of the dashboards is what is written for them, and Grafana's own library reads it."""

from __future__ import annotations

import json

import pytest

from tests.unit.dashboards import FILES, panels, read

pytest.importorskip(
    "grafana_foundation_sdk", reason="grafana-foundation-sdk is not installed: scripts/setup dev does it"
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from camgrid.dashboards.__main__ import DIRECTORY, documents

UNITS = {value for value in vars(units).values() if isinstance(value, str)}


def test_the_committed_dashboards_are_up_to_date():
    assert {path.name for path in FILES} == set(documents())
    for name, text in documents().items():
        assert (DIRECTORY / name).read_text(encoding="utf-8") == text, "run: make dashboards"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_grafanas_schema_has_a_place_for_everything(path):
    """What the schema does not know would be lost on the way."""
    whole = read(path)
    assert json.loads(JSONEncoder().encode(Dashboard.from_json(whole))) == whole
    assert {panel["fieldConfig"]["defaults"]["unit"] for panel in panels(path)} <= UNITS
