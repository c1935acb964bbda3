"""What is said of a group in Patroni's words: who is in trouble, who may lead next, who may be restarted or copied."""

import pytest

from camgrid import group


def member(name, role="quorum_standby", state="streaming", **fields):
    return {"name": name, "role": role, "state": state, "lag": 0, "host": f"{name}.camgrid.internal"} | fields


LEADER = member("a", "leader", "running", api_url="https://10.0.0.1:8008/patroni")
ANALYTICS = member("z", "replica", tags={"nofailover": True, "nosync": True})


@pytest.mark.parametrize(
    ("role", "state", "says"),
    [
        ("leader", "running", ""),
        ("leader", "stopped", "is stopped"),
        ("standby_leader", "streaming", ""),
        ("standby_leader", "in archive recovery", ""),
        ("replica", "streaming", ""),
        ("quorum_standby", "running", "does not stream (yet)"),
        ("replica", "in archive recovery", "does not stream (yet)"),
        ("replica", "creating replica", "is creating replica"),
        ("-", "unreachable", "is unreachable"),
    ],
)
def test_a_leader_has_to_run_and_a_replica_to_stream(role, state, says):
    assert group.trouble(role, state) == says
    assert group.sound([member("b", role, state)], "b") == (says == "")


def test_a_group_is_healthy_when_one_leads_and_all_others_stream():
    assert group.troubles([LEADER, member("b"), ANALYTICS]) == []
    assert group.troubles([LEADER, member("b", state="running")]) == ["b does not stream (yet)"]
    assert group.troubles([member("a", "replica"), member("b")]) == ["nobody leads"]
    assert group.troubles([]) == ["nobody leads"]
    assert group.troubles([LEADER, member("b")], ["a", "b", "c"]) == ["c is unknown to its group"], "dead for long"
    assert not group.sound([LEADER], "b")


def test_those_that_have_every_commit_may_lead_and_the_one_least_behind_first():
    late, early = member("b", lag=500), member("c", lag=20)
    assert group.candidates([LEADER, late, early, ANALYTICS]) == ["c", "b"]
    assert group.candidates([LEADER, member("b", "replica"), early]) == ["c"], "b joined a moment ago"
    assert group.candidates([LEADER, member("b", "replica", lag="unknown"), ANALYTICS]) == ["b"], "no synchronous mode"
    assert group.candidates([LEADER, member("b", state="running")]) == []


def test_a_handover_names_both_and_where_to_ask_for_it():
    plan = group.handover([LEADER, member("b")])
    assert (plan["leader"], plan["candidate"], plan["refusal"]) == ("a", "b", "")
    assert (plan["api"], plan["node"]) == ("https://10.0.0.1:8008", "b.camgrid.internal")
    assert group.handover([LEADER, member("b")], "a")["refusal"] == "", "it leads already"


@pytest.mark.parametrize(
    ("members", "wanted", "says"),
    [
        ([LEADER, member("b"), ANALYTICS], "z", "z is kept from leading (nofailover); those who could: b"),
        ([LEADER, member("b")], "x", "x is no member of this group; those who could: b"),
        ([LEADER, member("b"), member("c", "replica")], "c", "c may lack what was committed; those who could: b"),
        ([LEADER, ANALYTICS], "", "no member can take over from a: the group has no replica that may lead"),
        ([LEADER, ANALYTICS], "z", "z is kept from leading (nofailover); nobody else could"),
    ],
)
def test_a_refusal_says_who_could(members, wanted, says):
    assert group.handover(members, wanted)["refusal"] == says


def test_a_copy_needs_a_living_leader_to_copy_from():
    both = [LEADER, member("b")]
    assert group.copy_refusal(both, "b") == ""
    assert group.copy_refusal([LEADER, member("b", state="stopped")], "b") == ""
    assert "switchover.yml" in group.copy_refusal(both, "a")
    assert "may be the last there is" in group.copy_refusal([member("a", "replica"), member("b")], "b")
    assert "does not run" in group.copy_refusal([LEADER | {"state": "crashed"}, member("b")], "b")


STARTED = {"postmaster_start_time": "2025-01-31 08:00:00.123456+00:00", "pending_restart": True}


def test_a_restart_is_due_where_settings_wait_or_postgresql_is_older_than_the_run():
    assert group.restart_due(STARTED)
    assert not group.restart_due({"postmaster_start_time": "2025-01-31 08:00:00+00:00"})
    assert group.restart_due(STARTED, "2025-01-31T08:00:01Z")
    assert not group.restart_due(STARTED, "2025-01-31T08:00:00Z"), "it was restarted, whatever still waits"
    assert not group.restart_due(STARTED, "2025-01-31T09:00:00+02:00")
    assert group.restart_due({"state": "stopped"}, "2025-01-31T08:00:00Z")


@pytest.mark.parametrize("since", ["yesterday", "2025-01-31", "2025-01-31T08:00:00"])
def test_a_moment_that_is_none_is_refused(since):
    with pytest.raises(ValueError, match=since):
        group.restart_due(STARTED, since)
