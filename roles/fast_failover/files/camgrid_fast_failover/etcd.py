"""etcd's JSON gateway: one request at a time, to whichever member answers."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from collections.abc import Callable, Sequence
from typing import Any

PORT = 2379
# Seconds that a member may take for a step of a request before the next one is asked.
TIMEOUT_S = 1.0
# gRPC's code for what is not there; of all that we send only requests with a lease are answered so.
_NOT_FOUND = 5


class EtcdError(Exception):
    """No member did what was asked for. It may happen all the same, now or later."""


class LeaseNotFoundError(Exception):
    """etcd does not know the lease, and never will again."""


def encode(text: str) -> str:
    """A key or value as the gateway wants it."""
    return base64.b64encode(text.encode()).decode()


def decode(text: str) -> str:
    """A key or value as it was before encode."""
    return base64.b64decode(text).decode()


class Etcd:
    """A cluster of etcd. Keeps one connection open, to the member that answered last."""

    def __init__(self, addresses: Sequence[str], context: Callable[[], ssl.SSLContext], port: int = PORT) -> None:
        self._addresses = list(addresses)
        self._context = context
        self._port = port
        self._connection: http.client.HTTPSConnection | None = None

    def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to POST /v3/<path>. EtcdError, LeaseNotFoundError."""
        problems = []
        # Once more than there are members: the open connection may merely have been closed while it was idle.
        for _ in range(len(self._addresses) + 1):
            idle = self._connection is not None
            try:
                return self._ask(path, body)
            except (OSError, http.client.HTTPException, ValueError) as error:
                problems.append(f"{self._addresses[0]}: {error or type(error).__name__}")
                self.close()
                if not (idle and isinstance(error, ConnectionError)):
                    self._addresses.append(self._addresses.pop(0))
        raise EtcdError("; ".join(problems))

    def close(self) -> None:
        """Forgets the open connection."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if self._connection is None:
            self._connection = http.client.HTTPSConnection(
                self._addresses[0], self._port, timeout=TIMEOUT_S, context=self._context()
            )
        self._connection.request("POST", f"/v3/{path}", json.dumps(body), {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        answer = json.loads(response.read())
        if response.status == http.client.OK:
            return answer
        if answer.get("code") == _NOT_FOUND:
            raise LeaseNotFoundError
        raise OSError(answer.get("message") or f"HTTP {response.status}")

    # Leases: their ids are strings, times are seconds.

    def grant(self, ttl_s: int) -> str:
        """A new lease."""
        return self.call("lease/grant", {"TTL": ttl_s})["ID"]

    def keep_alive(self, lease: str) -> None:
        """Renews a lease. LeaseNotFoundError when it ended."""
        if not self.call("lease/keepalive", {"ID": lease}).get("result", {}).get("TTL"):
            raise LeaseNotFoundError

    def age(self, lease: str) -> float:
        """Seconds since a lease was renewed. LeaseNotFoundError when it ended."""
        answer = self.call("lease/timetolive", {"ID": lease})
        if "grantedTTL" not in answer:
            raise LeaseNotFoundError
        return int(answer["grantedTTL"]) - int(answer.get("TTL", 0))

    def revoke(self, lease: str) -> None:
        """Ends a lease with its keys; a put with it that is still under way will fail. It may have ended before."""
        try:
            self.call("lease/revoke", {"ID": lease})
        except LeaseNotFoundError:
            return
