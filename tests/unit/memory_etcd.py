"""etcd as far as the fast failover's daemon uses it, in memory; leases end when a test says so."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from roles.fast_failover.files.camgrid_fast_failover.etcd import Etcd, EtcdError, LeaseNotFoundError, decode, encode


class MemoryEtcd:
    """The store: key → (value, create_revision, mod_revision, lease)."""

    def __init__(self) -> None:
        self.keys: dict[str, tuple[str, int, int, str]] = {}
        self.leases: dict[str, int] = {}  # → seconds since it was renewed
        self.revision = 0
        self._granted = 0

    def value(self, key: str) -> str | None:
        return self.keys[key][0] if key in self.keys else None

    def put(self, key: str, value: str, lease: str = "0") -> None:
        if lease != "0" and lease not in self.leases:
            raise LeaseNotFoundError
        self.revision += 1
        created = self.keys[key][1] if key in self.keys else self.revision
        self.keys[key] = (value, created, self.revision, lease)

    def delete(self, key: str) -> None:
        self.revision += 1
        self.keys.pop(key, None)

    def grant(self) -> str:
        self._granted += 1
        self.leases[str(self._granted)] = 0
        return str(self._granted)

    def end_lease(self, lease: str) -> None:
        del self.leases[lease]
        for key in [key for key, found in self.keys.items() if found[3] == lease]:
            self.delete(key)

    def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What the gateway answers to POST /v3/<path>."""
        lease = body.get("ID", "")
        if path in ("lease/keepalive", "lease/timetolive"):
            if lease not in self.leases:
                return {"TTL": "-1"}
            if path == "lease/timetolive":
                return {"grantedTTL": "20", "TTL": str(20 - self.leases[lease])}
            return {"result": {"TTL": "20"}}
        if path == "lease/grant":
            return {"ID": self.grant()}
        if path == "lease/revoke":
            if lease not in self.leases:
                raise LeaseNotFoundError
            self.end_lease(lease)
            return {}
        if path == "kv/put":
            self.put(decode(body["key"]), decode(body["value"]), body["lease"])
            return {}
        assert path == "kv/txn"
        if not all(self._holds(each) for each in body.get("compare", [])):
            return {}
        return {"succeeded": True, "responses": [self._do(each) for each in body["success"]]}

    def _holds(self, compare: dict[str, str]) -> bool:
        value, created, modified, _ = self.keys.get(decode(compare["key"]), (None, 0, 0, ""))
        if compare["target"] == "VALUE":
            return value == decode(compare["value"])
        if compare["target"] == "CREATE":
            return str(created) == compare["create_revision"]
        return str(modified) == compare["mod_revision"]

    def _do(self, request: dict[str, Any]) -> dict[str, Any]:
        if put := request.get("request_put"):
            self.put(decode(put["key"]), decode(put["value"]), put.get("lease", "0"))
            return {}
        if deletion := request.get("request_delete_range"):
            self.delete(decode(deletion["key"]))
            return {}
        first = request["request_range"]["key"]
        last = request["request_range"].get("range_end")
        return {
            "response_range": {"kvs": [self._kv(key) for key in sorted(self.keys) if self._within(key, first, last)]}
        }

    @staticmethod
    def _within(key: str, first: str, last: str | None) -> bool:
        return decode(first) <= key < decode(last) if last else key == decode(first)

    def _kv(self, key: str) -> dict[str, str]:
        value, created, modified, lease = self.keys[key]
        found = {"key": encode(key), "value": encode(value)}
        return found | {"create_revision": str(created), "mod_revision": str(modified), "lease": lease}


class Client(Etcd):
    """A daemon's way to a store. fate: asked before each request, says what becomes of it."""

    def __init__(self, store: MemoryEtcd, fate: Callable[[], str] = lambda: "done") -> None:
        super().__init__([], lambda: None)
        self._store = store
        self._fate = fate
        self.late: list[tuple[str, dict[str, Any]]] = []  # requests that were sent and that etcd has not done yet

    def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Done, lost, done without an answer (unheard), or done at some later time (late)."""
        fate = self._fate()
        if fate == "late":
            self.late.append((path, body))
        if fate in ("lost", "late"):
            raise EtcdError(fate)
        answer = self._store.call(path, body)
        if fate == "unheard":
            raise EtcdError(fate)
        return answer

    def do_late(self, number: int) -> None:
        """etcd does one of the late requests at last; nobody hears of it."""
        with suppress(LeaseNotFoundError):
            self._store.call(*self.late.pop(number))
