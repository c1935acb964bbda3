"""A group's keys in etcd: which place counts, what is copied, and what keeps a group from being moved."""

import base64

import pytest

from camgrid import into_citus

GROUP = {"members": [{"name": "a"}, {"name": "b"}]}


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def answer(*names: str) -> dict:
    return {"kvs": [{"key": encode(f"/service/{name}"), "value": encode(f"of {name}")} for name in names]}


def keys(*names: str) -> dict:
    return into_citus.keys(answer(*names), "harbour")


def test_all_keys_of_the_cluster_are_asked_for_and_no_others():
    body = into_citus.request("harbour")
    first, end = (base64.b64decode(body[key]).decode() for key in ("key", "range_end"))
    assert first <= "harbour/0/config" or first == "/service/harbour/"
    assert first <= "/service/harbour/0/config" < end
    assert not first <= "/service/harbour2/config" < end


@pytest.mark.parametrize(
    ("names", "plain", "moving"),
    [
        ((), False, False),  # nothing was ever made: a new cluster
        (("harbour/initialize", "harbour/config"), True, False),
        (("harbour/initialize", "harbour/1/initialize"), True, False),  # new workers wait for it
        (("harbour/initialize", "harbour/0/initialize"), False, True),
        (("harbour/0/initialize", "harbour/1/initialize"), False, False),
        (("harbour/0/initialize", "harbour/config"), False, False),
    ],
)
def test_where_the_group_is(names, plain, moving):
    found = keys(*names)
    assert (into_citus.is_plain(found), found["moving"]) == (plain, moving)


def test_what_lasts_is_copied_under_the_number_and_only_where_nothing_is():
    found = keys("harbour/initialize", "harbour/config", "harbour/leader", "harbour/members/a", "harbour/sync")
    body = into_citus.copy_request(found, "harbour")
    puts = {
        base64.b64decode(each["requestPut"]["key"]).decode(): base64.b64decode(each["requestPut"]["value"]).decode()
        for each in body["success"]
    }
    assert puts == {f"/service/harbour/0/{name}": f"of harbour/{name}" for name in ("initialize", "config", "sync")}
    (guard,) = body["compare"]
    assert base64.b64decode(guard["key"]).decode() == "/service/harbour/0/initialize"
    assert (guard["target"], guard["create_revision"]) == ("CREATE", "0")


def test_what_is_removed_is_none_of_a_groups_with_a_number():
    removed = [base64.b64decode(each["requestDeleteRange"]["key"]).decode()
               for each in into_citus.removal_request("harbour")["success"]]  # fmt: skip
    assert "/service/harbour/initialize" in removed
    assert all(key.count("/") == 3 for key in removed)
    assert all(
        "range_end" not in each["requestDeleteRange"] for each in into_citus.removal_request("harbour")["success"]
    )


def test_a_member_that_the_inventory_lacks_would_stay_behind():
    assert into_citus.refusal(GROUP, {}, ["a", "b"]) == ""
    assert into_citus.refusal(GROUP, {}, ["a"]).startswith("b belongs to the group and is not in the inventory")


def test_a_pause_of_the_operators_is_not_ended():
    assert "patronictl resume" in into_citus.refusal(GROUP, {"pause": True}, ["a", "b"])
    assert into_citus.refusal(GROUP, {"pause": True, into_citus.MARK: True}, ["a", "b"]) == ""
