"""Writes down which of HAProxy's servers are up, through its admin socket, for the process that takes over.

A new process holds all of them to be up until it has checked them. For that moment a write would go to a replica.
"""

import socket
from pathlib import Path

SOCKET = "/run/haproxy/admin.sock"
FILE = Path("/run/haproxy/servers")


def ask(command: str) -> str:
    """What HAProxy answers to a command."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(SOCKET)
        connection.sendall(command.encode() + b"\n")
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def main() -> None:
    """Replaces FILE, which is gone when HAProxy does not answer: better nothing than what was once."""
    FILE.unlink(missing_ok=True)
    FILE.write_text(ask("show servers state"))


if __name__ == "__main__":
    main()
