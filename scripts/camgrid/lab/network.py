"""A lab's network: a bridge with this machine as gateway, and a table of nftables rules of its own."""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from camgrid.errors import UsageError
from camgrid.lab.config import STATE, Lab, all_labs, machine_lock
from camgrid.lab.run import run, succeeds

_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_FORWARDING_BEFORE = STATE / "ip_forward.before"


def ensure(lab: Lab) -> None:
    """Bridge, rules and forwarding as the lab needs them, whatever of it is there."""
    refuse_conflict(lab)
    if not Path("/sys/class/net", lab.bridge).is_dir():
        run(["ip", "link", "add", "name", lab.bridge, "type", "bridge", "stp_state", "0", "forward_delay", "0"])
    run(["ip", "addr", "replace", f"{lab.gateway}/{lab.subnet.prefixlen}", "dev", lab.bridge])
    run(["ip", "link", "set", "dev", lab.bridge, "mtu", str(uplink_mtu()), "up"])
    run(["nft", "-f", "-"], stdin=rules(lab))
    _let_through_iptables(lab)
    with machine_lock("IP forwarding"):
        if not _FORWARDING_BEFORE.exists():
            _FORWARDING_BEFORE.write_text(_FORWARDING.read_text())
        _FORWARDING.write_text("1\n")


def rules(lab: Lab) -> str:
    """The lab's table for `nft -f`, replacing an earlier one."""
    table = f"table ip {table_name(lab)}"
    return f"""
{table}
delete {table}
{table} {{{_without_a_way_out(lab) if lab.bundle else _with_a_mask_on(lab)}}}
"""


def _with_a_mask_on(lab: Lab) -> str:
    """Out under this machine's address, not into other labs, nothing in."""
    return f"""
    chain postrouting {{
        type nat hook postrouting priority srcnat
        ip saddr {lab.subnet} oifname != "{lab.bridge}" masquerade
    }}
    chain forward {{
        type filter hook forward priority filter
        iifname "{lab.bridge}" oifname "cg-*" oifname != "{lab.bridge}" drop
        oifname "{lab.bridge}" iifname != "{lab.bridge}" ct state != {{ established, related }} drop
    }}
"""


def _without_a_way_out(lab: Lab) -> str:
    """No NAT, nothing through this machine, and to this machine only answers: its apt cache is out of reach as well."""
    return f"""
    chain forward {{
        type filter hook forward priority filter
        iifname "{lab.bridge}" oifname != "{lab.bridge}" drop
        oifname "{lab.bridge}" iifname != "{lab.bridge}" drop
    }}
    chain input {{
        type filter hook input priority filter
        iifname "{lab.bridge}" ct state != {{ established, related }} drop
    }}
"""


def table_name(lab: Lab) -> str:
    """The lab's table in nftables."""
    return f"camgrid_lab_{lab.name}"


def remove(lab: Lab) -> None:
    """Removes the lab's bridge and rules; what is not there is fine."""
    run(["nft", "delete", "table", "ip", table_name(lab)], check=False)
    for rule in _iptables_rules(lab):
        while succeeds(["iptables", "-w", "-D", "FORWARD", *rule]):
            pass
    run(["ip", "link", "del", "dev", lab.bridge], check=False)


def restore_forwarding() -> None:
    """Sets IP forwarding back to what it was before the first lab; to be called when the last one has gone."""
    if _FORWARDING_BEFORE.exists():
        _FORWARDING.write_text(_FORWARDING_BEFORE.read_text())
        _FORWARDING_BEFORE.unlink()


def _iptables_rules(lab: Lab) -> list[list[str]]:
    comment = ["-m", "comment", "--comment", table_name(lab), "-j", "ACCEPT"]
    return [[option, lab.bridge, *comment] for option in ("-i", "-o")]


def _let_through_iptables(lab: Lab) -> None:
    """Docker, for one, drops in the FORWARD chain what it does not know; no table of ours can undrop it."""
    if not run(["iptables", "-w", "-S", "FORWARD"], check=False).startswith("-P FORWARD DROP"):
        return
    for rule in _iptables_rules(lab):
        if not succeeds(["iptables", "-w", "-C", "FORWARD", *rule]):
            run(["iptables", "-w", "-I", "FORWARD", *rule])


def uplink_mtu() -> int:
    """The MTU of the interface that the default route goes through: larger packets would not get out."""
    routes = json.loads(run(["ip", "-json", "-4", "route", "show", "default"]) or "[]")
    device = routes[0].get("dev") if routes else None
    return int(Path("/sys/class/net", device, "mtu").read_text()) if device else 1500


def refuse_conflict(lab: Lab) -> None:
    """UsageError when the lab's subnet overlaps with another lab's or with anything that this machine can reach."""
    taken = next(
        (
            f"lab {other.name} has {other.subnet}"
            for other in all_labs()
            if other.name != lab.name and other.subnet.overlaps(lab.subnet)
        ),
        "",
    )
    if not taken:
        addresses = json.loads(run(["ip", "-json", "-4", "addr"]) or "[]")
        routes = json.loads(run(["ip", "-json", "-4", "route", "show", "table", "all"]) or "[]")
        taken = overlap(lab.subnet, lab.bridge, addresses, routes)
    if taken:
        raise UsageError(
            f"the subnet {lab.subnet} is in use: {taken}",
            hint="choose another: scripts/lab up --name NAME --subnet 10.78.0.0/24",
        )


def overlap(subnet: IPv4Network, bridge: str, addresses: list[dict[str, Any]], routes: list[dict[str, Any]]) -> str:
    """What overlaps with subnet in the answers of `ip -json addr` and `ip -json route`, bridge's own left out."""
    for link in addresses:
        for entry in link.get("addr_info", []):
            network = IPv4Network(f"{entry['local']}/{entry['prefixlen']}", strict=False)
            if link.get("ifname") != bridge and network.overlaps(subnet):
                return f"interface {link['ifname']} has {entry['local']}/{entry['prefixlen']}"
    for route in routes:
        destination = route.get("dst", "default")
        if destination == "default" or route.get("dev") == bridge:
            continue
        if IPv4Network(destination, strict=False).overlaps(subnet):
            return f"a route to {destination} goes through {route.get('dev', 'another interface')}"
    return ""
