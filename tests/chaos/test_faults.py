"""Under every fault: nothing that was acknowledged is lost, doubled or half there, and all comes back by itself."""

from __future__ import annotations

from camgrid.chaos.ground import Ground
from camgrid.chaos.places import wait_for_health
from camgrid.chaos.run import Step, run_one
from camgrid.cli.app import App
from tests.cluster.support import MEASURED, ROOT

# How much longer than promised a lab on few cores may take before its test fails; without a promise: LONGEST_S.
SLACK = 2
LONGEST_S = 60


def test_nothing_acknowledged_is_lost_and_all_comes_back(cluster, step: Step):
    ground = Ground(App(str(cluster.path)))
    wait_for_health(ground)
    result = run_one(ground, step, ROOT / ".cache/chaos/tests")
    MEASURED.append(result.line())
    assert not result.failure
    assert result.lost + result.doubled + result.halves + result.unknown == 0, "\n".join(result.examples)
    assert result.prepared_left == 0
    assert result.unsettled == [], f"{result.recovered_s:.0f} s after the fault was undone"
    assert result.acknowledged > 0
    # What was promised is in the measured line; all hosts share this machine's cores, and what else it does.
    longest = (result.promised_s or LONGEST_S) * SLACK
    assert result.without_writes_s <= longest, f"{result.without_writes_s:.1f} s without writes"
