"""Whether anything on a host still answers. A frozen host's kernel accepts connections, so a program has to answer."""

from __future__ import annotations

import errno
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

PATRONI_PORT = 8008
POSTGRESQL_PORT = 5432
# Seconds after which silence is silence.
TIMEOUT_S = 1.0
# Seconds that Patroni has before PostgreSQL is asked as well, which logs the question as a broken connection.
_HEAD_START_S = 0.3
# PostgreSQL's SSLRequest: the length, and the number that asks whether TLS is spoken here.
_SSL_REQUEST = (8).to_bytes(4) + (80877103).to_bytes(4)
# What the network says of a host that is not there. Any other error is no evidence against the host.
_ABSENT = (errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETUNREACH)


def answers(
    address: str,
    context: Callable[[], ssl.SSLContext],
    patroni_port: int = PATRONI_PORT,
    postgresql_port: int = POSTGRESQL_PORT,
) -> bool:
    """Whether Patroni or PostgreSQL on a host says anything within TIMEOUT_S; a refused connection is an answer."""
    deadline = time.monotonic() + TIMEOUT_S
    patroni: list[bool] = []
    asking = Thread(target=lambda: patroni.append(_patroni(address, patroni_port, context, deadline)), daemon=True)
    asking.start()
    asking.join(_HEAD_START_S)
    if not asking.is_alive() and patroni == [True]:
        return True
    if _postgresql(address, postgresql_port, deadline):
        return True
    asking.join(max(0.0, deadline - time.monotonic()))
    return patroni == [True]


def _patroni(address: str, port: int, context: Callable[[], ssl.SSLContext], deadline: float) -> bool:
    def ask(connection: socket.socket) -> None:
        connection.settimeout(_left(deadline))
        with context().wrap_socket(connection, server_hostname=address) as secured:
            secured.settimeout(_left(deadline))
            secured.sendall(b"GET /liveness HTTP/1.0\r\n\r\n")
            secured.recv(1)
            with suppress(OSError):  # what follows is read only so that Patroni sees no broken connection
                while secured.recv(1024):
                    pass

    return _answered(address, port, deadline, ask)


def _postgresql(address: str, port: int, deadline: float) -> bool:
    def ask(connection: socket.socket) -> None:
        connection.settimeout(_left(deadline))
        connection.sendall(_SSL_REQUEST)
        connection.recv(1)

    return _answered(address, port, deadline, ask)


def _answered(address: str, port: int, deadline: float, ask: Callable[[socket.socket], None]) -> bool:
    """Whether the other side reacts in time: bytes, the end of the connection, a refusal, nonsense."""
    try:
        with socket.create_connection((address, port), timeout=_left(deadline)) as connection:
            ask(connection)
    except TimeoutError:
        return False
    except OSError as error:
        return error.errno not in _ABSENT
    return True


def _left(deadline: float) -> float:
    """Seconds until deadline, as a time-out: zero would mean not to wait at all."""
    return max(0.001, deadline - time.monotonic())
