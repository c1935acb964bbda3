"""What etcd holds about the group: Patroni's keys and the members' cuts; and the transaction that ends a lease."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from .etcd import decode, encode


@dataclass(frozen=True)
class Keys:
    """Where in etcd things are. patroni, own: prefixes of the group that end in a slash."""

    patroni: str
    own: str
    member: str

    def cut(self, member: str) -> str:
        """The key by which a member says that it has cut the leader off."""
        return f"{self.own}cut/{member}"


@dataclass(frozen=True)
class View:
    """The group at one revision of etcd. Revisions and leases are strings, as etcd's gateway has them.

    sync, config and member (our own entry) are Patroni's documents, empty when missing; cuts: member → value.
    """

    leader: str | None = None
    create_revision: str = "0"
    lease: str = "0"
    sync: dict[str, Any] = field(default_factory=dict)
    sync_text: str = ""
    sync_revision: str = "0"
    config: dict[str, Any] = field(default_factory=dict)
    config_revision: str = "0"
    member: dict[str, Any] = field(default_factory=dict)
    cuts: dict[str, str] = field(default_factory=dict)

    @property
    def voters(self) -> tuple[str, ...]:
        """The replicas of which at least one has whatever the leader acknowledged."""
        return tuple(name.strip() for name in (self.sync.get("sync_standby") or "").split(",") if name.strip())

    @property
    def loop_wait_s(self) -> float:
        """Seconds between two renewals of the leader's lease; Patroni's default where nothing is set."""
        return float(self.config.get("loop_wait", 10))


def reading(keys: Keys) -> dict[str, Any]:
    """The transaction that reads everything at one revision."""
    ranges = [{"key": encode(f"{keys.patroni}{name}")} for name in ("leader", "sync", "config")]
    ranges.append({"key": encode(f"{keys.patroni}members/{keys.member}")})
    prefix = keys.cut("")
    # Keys that begin with the prefix: up to the prefix with its last character raised by one.
    ranges.append({"key": encode(prefix), "range_end": encode(prefix[:-1] + chr(ord(prefix[-1]) + 1))})
    return {"success": [{"request_range": each} for each in ranges]}


def view(keys: Keys, answer: dict[str, Any]) -> View:
    """What the answer to reading() says."""
    leader, sync, config, member, cuts = (response["response_range"].get("kvs", []) for response in answer["responses"])
    start = len(keys.cut(""))
    return View(
        leader=decode(leader[0]["value"]) if leader else None,
        create_revision=leader[0]["create_revision"] if leader else "0",
        lease=leader[0].get("lease", "0") if leader else "0",
        sync=_document(sync),
        sync_text=decode(sync[0]["value"]) if sync else "",
        sync_revision=sync[0]["mod_revision"] if sync else "0",
        config=_document(config),
        config_revision=config[0]["mod_revision"] if config else "0",
        member=_document(member),
        cuts={decode(each["key"])[start:]: decode(each["value"]) for each in cuts},
    )


def _document(found: list[dict[str, str]]) -> dict[str, Any]:
    """A key's value as JSON; empty when it is missing or no JSON object, which Patroni takes for missing as well."""
    try:
        document = json.loads(decode(found[0]["value"])) if found else {}
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def cut_value(leader: str, create_revision: str) -> str:
    """What a member's key says: whom it has cut off, in which of its reigns."""
    return json.dumps({"leader": leader, "create_revision": create_revision}, sort_keys=True)


def ending(keys: Keys, seen: View) -> dict[str, Any]:
    """The transaction that ends the leader's reign if nothing has changed since seen and all voters have cut it off.

    /sync is written anew with it. Patroni changes that key only if it is as Patroni has read it, so a leader that
    wakes up in the middle of leaving synchronous mode cannot do so any more. A sole voter is written there as the
    one member that is known to be complete: it need not ask the lost host, nor wait for it after its promotion.
    """
    sole = {"leader": keys.member, "quorum": 0, "sync_standby": None}
    complete = seen.voters == (keys.member,) and not seen.sync.get("quorum")
    sync_text = json.dumps(sole) if complete else seen.sync_text
    leader_key, sync_key = f"{keys.patroni}leader", f"{keys.patroni}sync"
    wanted = cut_value(seen.leader or "", seen.create_revision)
    return {
        "compare": [
            _equal(leader_key, "VALUE", value=encode(seen.leader or "")),
            _equal(leader_key, "CREATE", create_revision=seen.create_revision),
            _equal(sync_key, "MOD", mod_revision=seen.sync_revision),
            _equal(f"{keys.patroni}config", "MOD", mod_revision=seen.config_revision),
            *(_equal(keys.cut(voter), "VALUE", value=encode(wanted)) for voter in seen.voters),
        ],
        # In this order, so that who is woken by the second has heard of the first.
        "success": [
            {"request_put": {"key": encode(sync_key), "value": encode(sync_text)}},
            {"request_delete_range": {"key": encode(leader_key)}},
        ],
    }


def _equal(key: str, target: str, **expected: str) -> dict[str, str]:
    return {"key": encode(key), "target": target, "result": "EQUAL", **expected}
