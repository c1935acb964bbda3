"""Where Patroni keeps a group in etcd, and the way from a database of its own to group 0 of a Citus cluster.

Without Citus a group's keys are right below /service/CLUSTER/; with Citus those of group N are in /service/CLUSTER/N/.
A group that holds data keeps both while it moves: the new place decides, the old one says that the move is not done.
Keys and values are base64, as etcd's JSON gateway has them.
"""

from __future__ import annotations

import base64
from typing import Any

# What a group is, in contrast to who runs now: `leader` and `members/` have leases and come back by themselves.
LASTING = ("config", "initialize", "status", "history", "sync", "failsafe")
# What Patroni keeps of a switchover that was asked for: of no use at the new place.
PASSING = ("failover",)
# Beside `pause` in the group's settings, so that a pause of the operator's is never ended by a playbook.
MARK = "camgrid_into_citus"


def prefix(cluster: str) -> str:
    """Below which a cluster's keys are, those of all its groups."""
    return f"/service/{cluster}/"


def request(cluster: str) -> dict[str, str]:
    """Body of a /v3/kv/range for all keys of a cluster."""
    first = prefix(cluster)
    return {"key": _encode(first), "range_end": _encode(first[:-1] + chr(ord(first[-1]) + 1))}


def keys(answer: dict[str, Any], cluster: str) -> dict[str, Any]:
    """What a /v3/kv/range answered, sorted: {"plain": …, "numbered": …, "moving": …}.

    plain: name → value of the lasting keys of a group without a number; numbered: the same of group 0; moving: whether
    a move to the numbered ones was begun and its last step is not done.
    """
    found = {_decode(each["key"]): each.get("value", "") for each in answer.get("kvs", [])}
    plain, numbered = (
        {name: found[place + name] for name in LASTING if place + name in found}
        for place in (prefix(cluster), f"{prefix(cluster)}0/")
    )
    return {"plain": plain, "numbered": numbered, "moving": "initialize" in plain and "initialize" in numbered}


def is_plain(found: dict[str, Any]) -> bool:
    """Whether the group runs without a number: it has data, and has not been moved. found: see keys()."""
    return "initialize" in found["plain"] and "initialize" not in found["numbered"]


def copy_request(found: dict[str, Any], cluster: str) -> dict[str, Any]:
    """Body of a /v3/kv/txn that copies a group's keys to group 0: all of them, or none where group 0 has some."""
    target = f"{prefix(cluster)}0/"
    absent = {"key": _encode(f"{target}initialize"), "target": "CREATE", "create_revision": "0"}
    puts = [
        {"requestPut": {"key": _encode(target + name), "value": value}}
        for name, value in sorted(found["plain"].items())
    ]
    return {"compare": [absent], "success": puts}


def removal_request(cluster: str) -> dict[str, Any]:
    """Body of a /v3/kv/txn that removes the keys without a number: all at once, and those of no group."""
    place = prefix(cluster)
    return {"success": [{"requestDeleteRange": {"key": _encode(place + name)}} for name in (*LASTING, *PASSING)]}


def refusal(group: dict[str, Any], config: dict[str, Any], expected: list[str]) -> str:
    """Why a healthy group cannot be moved now, or "".

    group: what Patroni's GET /cluster returns; config: GET /config; expected: names that the inventory has.
    """
    strangers = sorted({each["name"] for each in group["members"]} - set(expected))
    if strangers:
        return (
            f"{', '.join(strangers)} belongs to the group and is not in the inventory: it would stay behind. "
            "Add it to the inventory, or stop Patroni there for good"
        )
    if config.get("pause") and not config.get(MARK):
        return "the group is paused, and not by this playbook: end the pause (patronictl resume), then run it again"
    return ""


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _decode(text: str) -> str:
    return base64.b64decode(text).decode()
