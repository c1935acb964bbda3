"""A planned switch to the other region and back, while clients write: nothing is lost."""

from __future__ import annotations

import json
import os

from camgrid.topology import MAIN_REGION
from tests.cluster.support import MEASURED
from tests.region.conftest import OTHER_REGION, open_region, settled, under_load

# Seconds that no write may take longer than; more where other work may share the machine.
WITHOUT_WRITES_S = 10 if "CAMGRID_TEST_ALL" in os.environ else 20


def test_there_and_back_nothing_is_lost(cluster, ground):
    for target, word in ((OTHER_REGION, "there"), (MAIN_REGION, "back")):
        with under_load(ground, cluster, word) as told:
            run = cluster.camgrid("region", "switch", "--yes", "--json")
            assert run.returncode == 0, run.stderr
            assert open_region(cluster) == [target]
        said = json.loads(run.stdout)
        MEASURED.append(
            f"region switch to {target}: {told.without_writes} s without writes ({told.longest}), closed for "
            f"{said['seconds']} s; {len(told.ledger.acknowledged):,} writes acknowledged, {len(told.verdict.lost)} lost"
            f"; errors that clients met: {dict(told.ledger.errors)}"
        )
        assert told.unserved == []
        assert told.verdict.true, told.verdict
        assert len(told.ledger.acknowledged) > 100
        settled(cluster, target)
        assert told.without_writes <= WITHOUT_WRITES_S, told.longest
    token = json.loads((cluster.path / ".secrets/region_token.json").read_text())
    assert [group["group"] for group in token["groups"]] == cluster.topology.groups()
    assert (cluster.path / ".secrets/region_token.json").stat().st_mode & 0o777 == 0o600
