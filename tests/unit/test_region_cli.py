"""camgrid region … --plan shows what would be done, and does nothing."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from camgrid.cli import region as cli
from camgrid.cli.app import App
from camgrid.region import plan, promote, return_

PLANS = {
    "switch": plan.Plan("region_main", "region_dr", [], stage="closing"),
    "promote": promote.Plan("region_main", "region_dr", {}, [], open=False),
    "return": return_.Plan("region_main", "region_dr", [0], follows=[], apart=[0]),
}
MODULES = {"switch": cli.plans, "promote": cli.promoting, "return": cli.returning}


@pytest.mark.parametrize("verb", PLANS)
def test_a_plan_is_shown_and_nothing_is_done(verb, monkeypatch, capsys):
    monkeypatch.setattr(MODULES[verb], "make", lambda app, **options: PLANS[verb])
    for words, shown in (([], "\n".join(PLANS[verb].lines())), (["--json"], json.dumps({"plan": PLANS[verb].lines()}))):
        # Done, it would ask for an inventory, which there is none of.
        told = CliRunner().invoke(cli.command, [verb, "--plan", *words], obj=App(None), standalone_mode=False)
        assert (told.exception, told.return_value) == (None, 0)
        written = told.stdout or capsys.readouterr().out  # the console is the process's own
        assert (json.loads(written) == json.loads(shown)) if words else (written.strip() == shown)
