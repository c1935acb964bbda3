"""Stops or resumes HAProxy's health checks of the servers that are up, through its admin socket.

A server whose checks are stopped counts as up. Those that are down are left as they are: they are still checked, and
come up only when their node says so.
"""

import csv
import socket
import sys

SOCKET = "/run/haproxy/admin.sock"
# The backends that are checked; all endpoints track their servers.
BACKENDS = ("primaries", "replicas", "standby_leaders")


def ask(command: str) -> str:
    """What HAProxy answers to a command."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(SOCKET)
        connection.sendall(command.encode() + b"\n")
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def servers() -> list[tuple[str, bool]]:
    """Each checked server as backend/name, and whether it is up."""
    rows = csv.DictReader(ask("show stat").lstrip("# ").splitlines())
    return [
        (f"{row['pxname']}/{row['svname']}", row["status"].startswith(("UP", "no check")))
        for row in rows
        if row["pxname"] in BACKENDS and row["svname"] not in ("FRONTEND", "BACKEND")
    ]


def main() -> None:
    """Does what the argument says: hold or release."""
    hold = {"hold": True, "release": False}[sys.argv[1]]
    for server, up in servers():
        if hold and not up:
            continue
        answer = ask(f"{'disable' if hold else 'enable'} health {server}").strip()
        if answer:
            sys.exit(f"{server}: {answer}")
        print(server, "held" if hold else "checked")


if __name__ == "__main__":
    main()
