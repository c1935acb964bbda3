"""What the daemon reads from etcd, and the transaction that ends a reign: it must fail when anything has changed."""

import json

import pytest

from roles.fast_failover.files.camgrid_fast_failover import group
from tests.unit.memory_etcd import MemoryEtcd

KEYS = group.Keys("/service/lab/1/", "/camgrid/lab/1/", "b")


@pytest.fixture
def store():
    """A group whose leader a all voters have cut off."""
    store = MemoryEtcd()
    lease = store.grant()
    store.put("/service/lab/1/config", json.dumps({"loop_wait": 2, "synchronous_mode": "quorum"}))
    store.put("/service/lab/1/leader", "a", lease)
    store.put("/service/lab/1/sync", json.dumps({"leader": "a", "quorum": 1, "sync_standby": "b,c"}))
    store.put("/service/lab/1/members/b", json.dumps({"state": "running", "timeline": 4}))
    store.put("/service/lab/10/leader", "x")
    for voter in "bc":
        store.put(KEYS.cut(voter), group.cut_value("a", "2"))
    return store


def look(store) -> group.View:
    return group.view(KEYS, store.call("kv/txn", group.reading(KEYS)))


def test_the_view_is_the_groups_and_nobody_elses(store):
    view = look(store)
    assert (view.leader, view.create_revision, view.lease) == ("a", "2", "1")
    assert view.voters == ("b", "c")
    assert view.loop_wait_s == 2
    assert view.member == {"state": "running", "timeline": 4}
    assert view.cuts == dict.fromkeys("bc", group.cut_value("a", "2"))


def test_an_empty_etcd_has_no_leader_and_no_voters():
    assert look(MemoryEtcd()) == group.View()
    assert group.View().voters == ()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"leader": null, "sync_standby": null}'])
def test_a_sync_key_without_voters_names_none(store, text):
    store.put("/service/lab/1/sync", text)
    assert look(store).voters == ()


def test_the_reign_ends_with_the_sync_key_written_anew(store):
    before = look(store)
    assert store.call("kv/txn", group.ending(KEYS, before))["succeeded"]
    after = look(store)
    assert after.leader is None
    # Several voters: which of them is complete only Patroni's race can tell, so the text stays.
    assert after.sync_text == before.sync_text
    assert int(after.sync_revision) > int(before.sync_revision)


def test_a_sole_voter_is_named_as_the_one_that_is_complete(store):
    store.put("/service/lab/1/sync", json.dumps({"leader": "a", "quorum": 0, "sync_standby": "b"}))
    assert store.call("kv/txn", group.ending(KEYS, look(store)))["succeeded"]
    assert look(store).sync == {"leader": "b", "quorum": 0, "sync_standby": None}


def test_a_sole_voter_that_needs_the_vote_of_another_is_not_known_to_be_complete(store):
    text = json.dumps({"leader": "a", "quorum": 1, "sync_standby": "b"})
    store.put("/service/lab/1/sync", text)
    assert store.call("kv/txn", group.ending(KEYS, look(store)))["succeeded"]
    assert look(store).sync_text == text


def test_who_is_woken_by_the_deletion_has_heard_of_the_sync_key(store):
    done = group.ending(KEYS, look(store))["success"]
    assert [list(each) for each in done] == [["request_put"], ["request_delete_range"]]


CHANGES = {
    "another leader": lambda store: store.put("/service/lab/1/leader", "c", "1"),
    "no leader": lambda store: store.delete("/service/lab/1/leader"),
    "the same leader, elected again": lambda store: (
        store.delete("/service/lab/1/leader"),
        store.put("/service/lab/1/leader", "a", "1"),
    ),
    "sync written again": lambda store: store.put("/service/lab/1/sync", store.value("/service/lab/1/sync")),
    "config written again": lambda store: store.put("/service/lab/1/config", "{}"),
    "my cut taken back": lambda store: store.delete(KEYS.cut("b")),
    "another's cut taken back": lambda store: store.delete(KEYS.cut("c")),
    "a cut of an earlier reign": lambda store: store.put(KEYS.cut("c"), group.cut_value("a", "1")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_reign_does_not_end_when_anything_has_changed(store, change):
    transaction = group.ending(KEYS, look(store))
    CHANGES[change](store)
    before = dict(store.keys)
    assert not store.call("kv/txn", transaction).get("succeeded")
    assert store.keys == before


def test_the_lease_itself_is_left_alone(store):
    store.call("kv/txn", group.ending(KEYS, look(store)))
    assert "1" in store.leases, "revoking it would also end a reign that began meanwhile"
