"""What Patroni says of a group, judged: what is wrong with it, who may lead next, what may be restarted or copied anew.

`members` is always the list that GET /cluster returns: dictionaries with name, role, state, lag, tags, api_url, host.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

# standby_leader: the member of a standby region that the others of its group follow.
LEADERS = ("leader", "standby_leader")
SYNCHRONOUS = ("sync_standby", "quorum_standby")
# States of a PostgreSQL that runs, whether it hears its leader or not.
_RUNNING = ("running", "streaming", "in archive recovery")

Members = list[dict[str, Any]]


def trouble(role: str, state: str) -> str:
    """What is wrong with a member, as the rest of a sentence that its name begins; "" when nothing is.

    A leader has to run. Everybody else has to stream: a replica that only runs falls behind and cannot take over.
    """
    if role in LEADERS:
        return "" if state in _RUNNING else f"is {state}"
    if state == "streaming":
        return ""
    return "does not stream (yet)" if state in _RUNNING else f"is {state}"


def troubles(members: Members, expected: Sequence[str] = ()) -> list[str]:
    """A sentence for each thing that is wrong with a group; none when one member leads and all others stream.

    expected: names that it should have; Patroni forgets a member soon after it died.
    """
    found = [f"{each['name']} {text}" for each in members if (text := trouble(each["role"], each["state"]))]
    known = {each["name"] for each in members}
    found += [f"{name} is unknown to its group" for name in expected if name not in known]
    return found if leader(members) else [*found, "nobody leads"]


def leader(members: Members) -> str | None:
    """Name of the member that leads, or None."""
    return next((each["name"] for each in members if each["role"] in LEADERS), None)


def sound(members: Members, name: str) -> bool:
    """Whether a member leads and runs, or streams."""
    return any(each["name"] == name and not trouble(each["role"], each["state"]) for each in members)


def candidates(members: Members) -> list[str]:
    """Names of those that may take over, the one least behind first.

    Where commits wait for replicas, only such a replica has all of them; Patroni refuses the others.
    """
    able = [
        each
        for each in members
        if each["role"] not in LEADERS
        and not trouble(each["role"], each["state"])
        and not (each.get("tags") or {}).get("nofailover")
    ]
    synchronous = [each for each in able if each["role"] in SYNCHRONOUS]
    return [each["name"] for each in sorted(synchronous or able, key=_behind)]


def handover(members: Members, wanted: str = "") -> dict[str, str]:
    """What a switchover is to do. wanted: who is to lead, or "" for the one least behind.

    Returns leader and candidate (the same when wanted leads already), api (the leader's REST address), node (the name
    that other nodes know the candidate by) and refusal: why it cannot be, or "".
    """
    first, able = leader(members) or "", candidates(members)
    by_name = {each["name"]: each for each in members}
    candidate = wanted or next(iter(able), "")
    plan = {
        "leader": first,
        "candidate": candidate,
        "api": by_name.get(first, {}).get("api_url", "").removesuffix("/patroni"),
        "node": by_name.get(candidate, {}).get("host", ""),
        "refusal": "",
    }
    could = f"those who could: {', '.join(able)}" if able else "nobody else could"
    if not candidate:
        plan["refusal"] = f"no member can take over from {first}: the group has no replica that may lead"
    elif candidate not in by_name:
        plan["refusal"] = f"{candidate} is no member of this group; {could}"
    elif candidate not in (first, *able):
        tags = by_name[candidate].get("tags") or {}
        reason = "is kept from leading (nofailover)" if tags.get("nofailover") else "may lack what was committed"
        plan["refusal"] = f"{candidate} {reason}; {could}"
    return plan


def copy_refusal(members: Members, name: str) -> str:
    """Why a member cannot be copied anew from its leader, or ""."""
    first = leader(members)
    if first is None:
        return f"nobody leads the group of {name}: there is nobody to copy from, and its data may be the last there is"
    if first == name:
        return f"{name} leads its group: make another member lead first, with playbooks/switchover.yml"
    if not sound(members, first):
        return f"{first} leads the group of {name}, but does not run: there is nobody to copy from"
    return ""


def restart_due(member: dict[str, Any], since: str = "") -> bool:
    """Whether a member is to be restarted: if settings wait for it or, with since, if PostgreSQL runs from before that.

    member: what its GET /patroni returns; since: a time such as 2025-01-31T08:00:00Z. ValueError for another form.
    """
    if not since:
        return bool(member.get("pending_restart"))
    moment = datetime.fromisoformat(since)
    if moment.tzinfo is None:
        raise ValueError(f"since is {since}, which names no time zone: write it like 2025-01-31T08:00:00Z")
    started = member.get("postmaster_start_time")
    return started is None or datetime.fromisoformat(started) < moment


def _behind(member: dict[str, Any]) -> float:
    lag = member.get("lag")
    return lag if isinstance(lag, int) else float("inf")
