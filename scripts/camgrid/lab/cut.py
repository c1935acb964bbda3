"""Cuts hosts off from each other and heals it. Packets vanish on the bridge, as with a pulled cable.

Nothing changes inside a host, so nothing in it can notice or undo the cut but by missing the others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Literal

from camgrid.errors import UsageError
from camgrid.lab.config import Lab
from camgrid.lab.run import run, succeeds

MACHINE = "machine"  # this machine, seen from the lab: its gateway
OUTSIDE = "outside"  # everything beyond the lab
Direction = Literal["both", "in", "out"]


def _table(lab: Lab) -> str:
    return f"camgrid_cut_{lab.name}"


def rules(lab: Lab) -> str:
    """The table that drops what its sets name: `pairs` of sender and receiver, `mute` to the world, `deaf` from it."""
    dropping = """
        ip saddr . ip daddr @pairs drop
        arp saddr ip . arp daddr ip @pairs drop"""
    return f"""
table bridge {_table(lab)} {{
    set pairs {{ type ipv4_addr . ipv4_addr; }}
    set mute {{ type ipv4_addr; }}
    set deaf {{ type ipv4_addr; }}
    chain forward {{
        type filter hook forward priority filter{dropping}
    }}
    chain input {{
        type filter hook input priority filter{dropping}
        ip saddr @mute ip daddr != {lab.subnet} drop
    }}
    chain output {{
        type filter hook output priority filter{dropping}
        ip daddr @deaf ip saddr != {lab.subnet} drop
    }}
}}
"""


def cut(lab: Lab, host: str, others: Iterable[str] = (), direction: Direction = "both") -> None:
    """Cuts host off from others: hosts, MACHINE, OUTSIDE. Without others: from all hosts and OUTSIDE.

    direction: what vanishes, packets "in" to the host, "out" from it, or both. The machine itself keeps its way in
    unless it is named, as one keeps a console of a host with a pulled cable.
    """
    address = lab.address(host)
    others = list(others) or [name for name in lab.addresses if name != host] + [OUTSIDE]
    if host in others:
        raise UsageError(f"{host} cannot be cut off from itself")
    far = [str(lab.gateway) if name == MACHINE else lab.address(name) for name in others if name != OUTSIDE]
    if not succeeds(["nft", "list", "table", "bridge", _table(lab)]):
        run(["nft", "-f", "-"], stdin=rules(lab))
    _change(lab, "add", "pairs", directed(address, far, direction))
    for name, hindered in (("mute", "out"), ("deaf", "in")):
        _change(lab, "add", name, [address] if OUTSIDE in others and direction in ("both", hindered) else [])


def directed(address: str, far: list[str], direction: Direction) -> list[str]:
    """The elements `sender . receiver` whose packets a cut of address from far drops."""
    leaving = [f"{address} . {other}" for other in far] if direction != "in" else []
    arriving = [f"{other} . {address}" for other in far] if direction != "out" else []
    return leaving + arriving


def heal(lab: Lab, host: str) -> None:
    """Undoes every cut that concerns host."""
    address = lab.address(host)
    pairs = [f"{one} . {two}" for one, two in _elements(lab, "pairs") if address in (one, two)]
    _change(lab, "delete", "pairs", pairs)
    for name in ("mute", "deaf"):
        _change(lab, "delete", name, [each for each in _elements(lab, name) if each == address])


def heal_all(lab: Lab) -> None:
    """Undoes every cut of the lab."""
    run(["nft", "delete", "table", "bridge", _table(lab)], check=False)


def cuts(lab: Lab) -> dict[str, list[str]]:
    """What each host is cut off from; "X (one way)" where its own packets reach X, or X's reach it."""
    addresses = lab.addresses
    pairs = {tuple(pair) for pair in _elements(lab, "pairs")}
    mute, deaf = set(_elements(lab, "mute")), set(_elements(lab, "deaf"))
    far = {str(lab.gateway): MACHINE} | {address: name for name, address in addresses.items()}
    found: dict[str, list[str]] = {}
    for host, address in addresses.items():
        hindered = [
            (name, (address, other) in pairs, (other, address) in pairs)
            for other, name in sorted(far.items(), key=lambda entry: IPv4Address(entry[0]))
        ]
        hindered.append((OUTSIDE, address in mute, address in deaf))
        found[host] = [name if out and into else f"{name} (one way)" for name, out, into in hindered if out or into]
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
