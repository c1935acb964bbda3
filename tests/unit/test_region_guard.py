"""Whether a node of a region that may have been given up starts, and goes on."""

from __future__ import annotations

import pytest

from roles.region_guard.files import region_guard as guard

FOLLOWS = {"standby_cluster": {"host": "10.0.0.1"}}


def opened(epoch: int, **ours) -> dict:
    return {"ttl": 20, "camgrid_region": {"epoch": epoch} | ours}


@pytest.mark.parametrize(
    ("why", "seen"),
    [
        ("it follows", guard.Seen(own=FOLLOWS, far=None)),
        ("a member here leads", guard.Seen(own=opened(1), far=None, led=True)),
        ("only Patroni was restarted", guard.Seen(own=opened(1), far=None, runs=True)),
        ("the other region follows", guard.Seen(own=opened(1), far=FOLLOWS)),
        ("the other region follows, as after a switch", guard.Seen(own=opened(2), far=FOLLOWS | opened(2))),
        ("the other region was opened before", guard.Seen(own=opened(2), far=opened(1))),
        ("there is no database yet", guard.Seen(own=None, far=None, data=False)),
        ("it was opened alone", guard.Seen(own=opened(2, alone=True), far=None)),
        ("the operator says so", guard.Seen(own=opened(1), far=opened(2), override=True)),
    ],
)
def test_a_node_starts_when(why, seen):
    assert guard.refusal(seen, "region_dr") == "", why


@pytest.mark.parametrize(
    ("why", "seen"),
    [
        ("the other region was opened after", guard.Seen(own=opened(1), far=opened(2))),
        ("the other region is open and nobody knows since when", guard.Seen(own=opened(0), far={"ttl": 20})),
        ("the other region is about to be opened", guard.Seen(own=opened(1), far=FOLLOWS | opened(2))),
        ("the other region is silent", guard.Seen(own=opened(1), far=None)),
        ("etcd lost its settings and the other region is silent", guard.Seen(own=None, far=None)),
        ("it was fenced", guard.Seen(own=opened(1), far=FOLLOWS, fenced=True)),
        ("it was fenced, though it was told to follow", guard.Seen(own=FOLLOWS, far=None, fenced=True)),
    ],
)
def test_a_node_does_not_start_when(why, seen):
    said = guard.refusal(seen, "region_dr")
    assert "Next: " in said, why


def test_a_running_region_ends_when_the_other_was_opened_after_it():
    assert guard.outdated(opened(1), opened(2))
    assert not guard.outdated(opened(2), opened(1))
    assert not guard.outdated(opened(1), opened(1))
    assert not guard.outdated(FOLLOWS | opened(1), opened(2))
    assert not guard.outdated(opened(1), FOLLOWS | opened(2))
    assert not guard.outdated(opened(1), None)
