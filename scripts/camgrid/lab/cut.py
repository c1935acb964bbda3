"""Cuts hosts off from each other and heals it. Packets vanish on the bridge, as with a pulled cable.

Nothing changes inside a host, so nothing in it can notice or undo the cut but by missing the others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from ipaddress import IPv4Address

from camgrid.errors import UsageError
from camgrid.lab.config import Lab
from camgrid.lab.run import run, succeeds

MACHINE = "machine"  # this machine, seen from the lab: its gateway
OUTSIDE = "outside"  # everything beyond the lab


def _table(lab: Lab) -> str:
    return f"camgrid_cut_{lab.name}"


def rules(lab: Lab) -> str:
    """The table that drops between the pairs of its set `pairs`, and to and from beyond the lab for `alone`."""
    dropping = """
        ip saddr . ip daddr @pairs drop
        arp saddr ip . arp daddr ip @pairs drop"""
    return f"""
table bridge {_table(lab)} {{
    set pairs {{ type ipv4_addr . ipv4_addr; }}
    set alone {{ type ipv4_addr; }}
    chain forward {{
        type filter hook forward priority filter{dropping}
    }}
    chain input {{
        type filter hook input priority filter{dropping}
        ip saddr @alone ip daddr != {lab.subnet} drop
    }}
    chain output {{
        type filter hook output priority filter{dropping}
        ip daddr @alone ip saddr != {lab.subnet} drop
    }}
}}
"""


def cut(lab: Lab, host: str, others: Iterable[str] = ()) -> None:
    """Cuts host off from others: hosts, MACHINE, OUTSIDE. Without others: from all hosts and OUTSIDE.

    The machine itself keeps its way in unless it is named, as one keeps a console of a host with a pulled cable.
    """
    address = lab.address(host)
    others = list(others) or [name for name in lab.addresses if name != host] + [OUTSIDE]
    if host in others:
        raise UsageError(f"{host} cannot be cut off from itself")
    far = [str(lab.gateway) if name == MACHINE else lab.address(name) for name in others if name != OUTSIDE]
    if not succeeds(["nft", "list", "table", "bridge", _table(lab)]):
        run(["nft", "-f", "-"], stdin=rules(lab))
    _change(lab, "add", "pairs", [pair for other in far for pair in (f"{address} . {other}", f"{other} . {address}")])
    _change(lab, "add", "alone", [address] if OUTSIDE in others else [])


def heal(lab: Lab, host: str) -> None:
    """Undoes every cut that concerns host."""
    address = lab.address(host)
    pairs = [f"{one} . {two}" for one, two in _elements(lab, "pairs") if address in (one, two)]
    _change(lab, "delete", "pairs", pairs)
    _change(lab, "delete", "alone", [each for each in _elements(lab, "alone") if each == address])


def heal_all(lab: Lab) -> None:
    """Undoes every cut of the lab."""
    run(["nft", "delete", "table", "bridge", _table(lab)], check=False)


def cuts(lab: Lab) -> dict[str, list[str]]:
    """What each host is cut off from."""
    addresses = lab.addresses
    names = {address: host for host, address in addresses.items()} | {str(lab.gateway): MACHINE}
    found: dict[str, list[str]] = {host: [] for host in addresses}
    for one, two in sorted(_elements(lab, "pairs"), key=lambda pair: IPv4Address(pair[1])):
        if one in names and two in names and names[one] in found:
            found[names[one]].append(names[two])
    for address in _elements(lab, "alone"):
        if address in names:
            found[names[address]].append(OUTSIDE)
    return found


def _change(lab: Lab, verb: str, name: str, elements: list[str]) -> None:
    if elements:
        run(["nft", verb, "element", "bridge", _table(lab), name, "{ " + ", ".join(elements) + " }"])


def _elements(lab: Lab, name: str) -> list:
    """The elements of one of the table's sets: addresses, or pairs of them."""
    answer = run(["nft", "--json", "list", "set", "bridge", _table(lab), name], check=False)
    if not answer:
        return []
    sets = [entry["set"] for entry in json.loads(answer)["nftables"] if "set" in entry]
    return [
        tuple(each["concat"]) if isinstance(each, dict) else each for found in sets for each in found.get("elem", [])
    ]
