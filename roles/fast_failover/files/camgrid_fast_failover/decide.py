"""What to do next, from what is known. Nothing here asks or changes anything."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .group import View, cut_value

# Patroni renews the lease once a loop; a second more covers etcd's whole seconds.
LEASE_MARGIN_S = 1.0
# A tick may be long when etcd is slow: this many silent probes make sure that silence was listened to.
PROBES = 3


class Action(Enum):
    """The daemon's steps."""

    REST = "nothing to do"
    CUT = "cut the leader off"
    TELL = "say so in etcd"
    END = "end the leader's reign"
    HOLD = "keep the cut"
    WITHDRAW = "take back in etcd what was said"
    LIFT = "lift the cut"


@dataclass(frozen=True)
class Cut:
    """Whom this member has cut off, in which reign; its own timeline then; the lease under which etcd is told.

    withdrawn: etcd confirmed that the lease and what was said are gone.
    """

    leader: str
    address: str
    create_revision: str
    timeline: int
    lease: str
    withdrawn: bool = False


@dataclass(frozen=True)
class Evidence:
    """Seconds for which the leader has answered no probe, how many that were, seconds since its lease was renewed.

    lease_age_s is None where nobody asked for it or the lease is unknown.
    """

    silent_s: float = 0.0
    probes: int = 0
    lease_age_s: float | None = None


def silent(evidence: Evidence, silence_s: float) -> bool:
    """Whether the leader was silent for long enough to look at its lease."""
    return evidence.silent_s >= silence_s and evidence.probes >= PROBES


def gone(view: View, evidence: Evidence, silence_s: float) -> bool:
    """Whether all that is known says that the leader is gone."""
    age = evidence.lease_age_s
    return silent(evidence, silence_s) and age is not None and age >= view.loop_wait_s + LEASE_MARGIN_S


def objection(view: View, member: str) -> str | None:
    """Why this member has no business with the leader's lease; None when it has."""
    config = view.config
    parameters = (config.get("postgresql") or {}).get("parameters") or {}
    reasons = (
        (view.leader is None, "no leader"),
        (view.leader == member, "this member leads"),
        (bool(config.get("pause")), "the group is paused"),
        (bool(config.get("standby_cluster")), "the group follows another region"),
        (_word(config.get("synchronous_mode")) not in ("quorum", "on", "true", "yes", "1"), "not synchronous"),
        # Where Patroni sets it so for all, the leader acknowledges without a replica.
        (_word(parameters.get("synchronous_commit", "on")) in _NOT_WAITING, "commits wait for no replica"),
        (view.sync.get("leader") != view.leader, "the leader has not taken synchronous replication over yet"),
        (member not in view.voters, "this member is no synchronous replica"),
        (view.member.get("state") != "running" or not view.member.get("timeline"), "this member is not running"),
        (bool((view.member.get("tags") or {}).get("nofailover")), "this member must not lead"),
    )
    return next((reason for holds, reason in reasons if holds), None)


_NOT_WAITING = ("off", "false", "no", "0", "local")


def _word(setting: object) -> str:
    return str(setting).lower()


def without_cut(view: View, member: str, evidence: Evidence, silence_s: float) -> tuple[Action, str]:
    """What to do while nothing is cut, and why."""
    if reason := objection(view, member):
        return Action.REST, reason
    if not gone(view, evidence, silence_s):
        return Action.REST, f"{view.leader} leads"
    return Action.CUT, f"{view.leader} is silent and does not renew its lease"


def with_cut(
    view: View, member: str, cut: Cut, evidence: Evidence, silence_s: float, unfit: str | None
) -> tuple[Action, str]:
    """What to do while a leader is cut off, and why. unfit: why the cut cannot be relied on, None when it can."""
    if (view.leader, view.create_revision) != (cut.leader, cut.create_revision):
        # The reign is over, and maybe its leader does not know. Until this member can no longer be a replica of it,
        # what this member would acknowledge might be missing from the next leader.
        if view.leader in (member, cut.leader):
            return Action.LIFT, f"{view.leader} leads now"
        if view.member.get("timeline", 0) > cut.timeline:
            return Action.LIFT, f"this member has left {cut.leader}'s timeline"
        return Action.HOLD, f"{cut.leader}'s reign has ended, this member has not left it yet"
    if cut.withdrawn:
        return Action.LIFT, f"{cut.leader} still leads, and etcd no longer holds this cut against it"
    if not gone(view, evidence, silence_s):
        unfit = unfit or f"it is not certain that {cut.leader} is gone"
    if unfit := unfit or objection(view, member):
        return Action.WITHDRAW, unfit
    wanted = cut_value(cut.leader, cut.create_revision)
    if view.cuts.get(member) != wanted:
        return Action.TELL, f"{cut.leader} is cut off here"
    if missing := [voter for voter in view.voters if view.cuts.get(voter) != wanted]:
        return Action.HOLD, f"{', '.join(missing)} has not cut {cut.leader} off"
    return Action.END, f"nobody acknowledges anything to {cut.leader} any more"
