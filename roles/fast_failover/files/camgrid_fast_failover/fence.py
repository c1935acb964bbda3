"""The rule that keeps this host from acknowledging anything to a leader: a table of our own in nftables."""

from __future__ import annotations

import subprocess
from ipaddress import ip_address

from .probe import POSTGRESQL_PORT

_TABLE = "inet camgrid_cut"
# Seconds for a command that takes milliseconds.
_TIMEOUT_S = 5


def rules(address: str) -> str:
    """The table as nft prints it: packets to the address's PostgreSQL are dropped, open connections included."""
    family = {4: "ip", 6: "ip6"}[ip_address(address).version]
    return f"""table {_TABLE} {{
\tchain output {{
\t\ttype filter hook output priority filter; policy accept;
\t\t{family} daddr {address} tcp dport {POSTGRESQL_PORT} drop
\t}}
}}
"""


def install(address: str) -> None:
    """Puts the table in the place of whatever has its name, at once."""
    _nft("-f", "-", stdin=f"table {_TABLE}\ndelete table {_TABLE}\n{rules(address)}")


def in_force(address: str) -> bool:
    """Whether the kernel holds the table as it was installed."""
    listed = subprocess.run(
        ["nft", "list", "table", *_TABLE.split()], check=False, capture_output=True, text=True, timeout=_TIMEOUT_S
    )
    return listed.stdout.split() == rules(address).split()


def remove() -> None:
    """Takes the table away. Fine when there is none."""
    _nft("-f", "-", stdin=f"table {_TABLE}\ndelete table {_TABLE}\n")


def _nft(*arguments: str, stdin: str) -> None:
    subprocess.run(["nft", *arguments], check=True, input=stdin, text=True, timeout=_TIMEOUT_S)
