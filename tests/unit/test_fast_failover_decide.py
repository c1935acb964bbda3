"""When a replica cuts its leader off, ends its reign and lifts the cut; every reason not to, one at a time."""

from dataclasses import replace

import pytest

from roles.fast_failover.files.camgrid_fast_failover.decide import Action, Cut, Evidence, gone, with_cut, without_cut
from roles.fast_failover.files.camgrid_fast_failover.group import View, cut_value

SILENCE_S = 3.0
VIEW = View(
    leader="a",
    create_revision="7",
    lease="1",
    sync={"leader": "a", "sync_standby": "b,c", "quorum": 1},
    config={"loop_wait": 2, "synchronous_mode": "quorum"},
    member={"state": "running", "timeline": 4},
)
GONE = Evidence(silent_s=3.0, probes=3, lease_age_s=3)
CUT = Cut("a", "10.0.0.1", "7", 4, "99")
SAID = cut_value("a", "7")


def test_a_silent_leader_that_does_not_renew_its_lease_is_cut_off():
    action, reason = without_cut(VIEW, "b", GONE, SILENCE_S)
    assert action is Action.CUT
    assert "a is silent" in reason


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(),
        replace(GONE, silent_s=2.9),
        replace(GONE, probes=2),
        replace(GONE, lease_age_s=2),
        replace(GONE, lease_age_s=None),
    ],
)
def test_less_evidence_is_not_enough(evidence):
    assert not gone(VIEW, evidence, SILENCE_S)
    assert without_cut(VIEW, "b", evidence, SILENCE_S)[0] is Action.REST
    assert with_cut(VIEW, "b", CUT, evidence, SILENCE_S, None)[0] is Action.WITHDRAW


OBJECTIONS = {
    "no synchronous replica": {"sync": {"leader": "a", "sync_standby": "c"}},
    "not taken synchronous replication over": {"sync": {"leader": "b", "sync_standby": "b,c"}},
    "paused": {"config": VIEW.config | {"pause": True}},
    "follows another region": {"config": VIEW.config | {"standby_cluster": {"host": "x"}}},
    "not synchronous": {"config": {"loop_wait": 2}},
    "wait for no replica": {
        "config": VIEW.config | {"postgresql": {"parameters": {"synchronous_commit": False}}},
    },
    "not running": {"member": {"state": "stopped", "timeline": 4}},
    "must not lead": {"member": VIEW.member | {"tags": {"nofailover": True}}},
}


@pytest.mark.parametrize("reason", [*OBJECTIONS, "no timeline"])
def test_every_objection_keeps_the_daemon_still_and_takes_a_cut_back(reason):
    view = replace(VIEW, **OBJECTIONS.get(reason, {"member": {"state": "running"}}))
    action, told = without_cut(view, "b", GONE, SILENCE_S)
    assert action is Action.REST
    assert reason in told or reason == "no timeline"
    assert with_cut(view, "b", CUT, GONE, SILENCE_S, None)[0] is Action.WITHDRAW


@pytest.mark.parametrize(("leader", "reason"), [(None, "no leader"), ("b", "this member leads")])
def test_without_another_leader_there_is_nothing_to_do(leader, reason):
    assert without_cut(replace(VIEW, leader=leader), "b", GONE, SILENCE_S) == (Action.REST, reason)


def test_a_cut_is_told_then_waits_for_every_voter_and_then_ends_the_reign():
    def next_step(**cuts):
        return with_cut(replace(VIEW, cuts=cuts), "b", CUT, GONE, SILENCE_S, None)[0]

    assert next_step() is Action.TELL
    assert next_step(c=SAID) is Action.TELL
    assert next_step(b=SAID) is Action.HOLD
    assert next_step(b=SAID, c=cut_value("a", "6")) is Action.HOLD
    assert next_step(b=SAID, c=SAID) is Action.END


def test_a_cut_that_cannot_be_relied_on_is_taken_back_in_etcd_before_it_is_lifted():
    both = replace(VIEW, cuts={"b": SAID, "c": SAID})
    assert with_cut(both, "b", CUT, GONE, SILENCE_S, "no rule") == (Action.WITHDRAW, "no rule")
    # withdrawn: the key is gone for certain; the reign still is what it was, so nobody has ended it.
    assert with_cut(VIEW, "b", replace(CUT, withdrawn=True), GONE, SILENCE_S, None)[0] is Action.LIFT


@pytest.mark.parametrize("leader", [None, "c"])
@pytest.mark.parametrize("evidence", [GONE, Evidence()])
@pytest.mark.parametrize("withdrawn", [True, False])
def test_after_the_reign_the_cut_stays_until_this_member_has_left_the_old_leader(leader, evidence, withdrawn):
    over = replace(VIEW, leader=leader, create_revision="8")
    cut = replace(CUT, withdrawn=withdrawn)
    assert with_cut(over, "b", cut, evidence, SILENCE_S, "the daemon stops")[0] is Action.HOLD
    left = replace(over, member={"state": "running", "timeline": 5})
    assert with_cut(left, "b", cut, evidence, SILENCE_S, None)[0] is Action.LIFT


@pytest.mark.parametrize("leader", ["a", "b"])
def test_a_new_reign_of_this_member_or_the_old_leader_lifts_the_cut(leader):
    view = replace(VIEW, leader=leader, create_revision="8")
    assert with_cut(view, "b", CUT, GONE, SILENCE_S, None)[0] is Action.LIFT
