"""Filters for the role pgbackrest: who is backed up as what, and who may ask whom."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from camgrid import inventory, secrets
from camgrid.backup import repository
from camgrid.backup.places import COPIES, COPY_PORT
from camgrid.errors import CamgridError
from camgrid.region.settings import OURS

# etcd refuses a transaction of more than 128 changes.
_TRANSACTION = 100
# What pgBackRest's status says of a stanza without a path, or without its data.
_MISSING = (1, 3)


def stanza(group: Sequence[Any], cluster: str) -> dict[str, Any]:
    """A group, as `groupby` gives it (its number, its nodes), as a stanza."""
    number, nodes = group
    return {
        "name": f"{cluster}-{number}",
        "members": [{key: node[key] for key in ("host", "address")} for node in nodes],
    }


def backup_clients(
    nodes: Sequence[dict[str, Any]], spares: Sequence[dict[str, Any]], subjects: dict[str, str], cluster: str
) -> dict[str, list[str]]:
    """Common name of each host → the stanzas that it may ask the repository for.

    A node may for its own group's, a spare host for all.
    """
    own = {subjects[node["host"]]: [f"{cluster}-{node['group']}"] for node in nodes}
    every = sorted({stanza for stanzas in own.values() for stanza in stanzas})
    return own | {subjects[spare["host"]]: every for spare in spares}


def unknown_stanzas(info: Sequence[dict[str, Any]], stanzas: Sequence[dict[str, Any]]) -> list[str]:
    """Those that the repository does not have. info: what `pgbackrest info --output=json` says."""
    known = {entry["name"] for entry in info if entry["status"]["code"] not in _MISSING}
    return [stanza["name"] for stanza in stanzas if stanza["name"] not in known]


def changed_stanzas(info: Sequence[dict[str, Any]], answers: Sequence[dict[str, Any]]) -> list[str]:
    """Those whose group has another database now than the repository has of it.

    info: see unknown_stanzas; answers: what Patroni's GET /patroni said, for each (stanza, member) as `item`.
    """
    known = {entry["name"]: repository.system_id(entry) for entry in info}
    found = {
        answer["item"][0]["name"]: answer["json"]["database_system_identifier"]
        for answer in answers
        if "database_system_identifier" in (answer.get("json") or {})
    }
    return sorted(name for name, now in found.items() if known.get(name) and known[name] != now)


def without_backup(info: Sequence[dict[str, Any]], stanzas: Sequence[dict[str, Any]]) -> list[str]:
    """Those of whose database, as it is now, there is no backup. info: see unknown_stanzas."""
    have = {entry["name"] for entry in info if repository.current_backups(entry)}
    return [stanza["name"] for stanza in stanzas if stanza["name"] not in have]


def copy_instances(groups: Sequence[int]) -> list[dict[str, Any]]:
    """The servers of a copy on one host: each group's directory and port."""
    return [{"group": group, "directory": f"{COPIES}/{group}", "port": COPY_PORT + group} for group in sorted(groups)]


def passphrase(path: str, name: str) -> str:
    """See camgrid.secrets.passphrase."""
    try:
        return secrets.passphrase(inventory.load(path), name)
    except CamgridError as error:
        raise AnsibleFilterError(str(error)) from error


def leader_keys(answer: dict[str, Any], cluster: str) -> list[str]:
    """The keys of whoever leads a group now, out of what a /v3/kv/range for the cluster answered."""
    return [key for key in _keys(answer, cluster) if key.rpartition("/")[2] == "leader"]


def forget_requests(answer: dict[str, Any], cluster: str, alone: bool) -> list[dict[str, Any]]:
    """Bodies of /v3/kv/txn that remove all that Patroni knows of the cluster's groups but their settings.

    alone: the settings also say that the region is open by itself (see the role region_guard).
    """
    changes: list[dict[str, Any]] = []
    for entry in answer.get("kvs", []):
        key = base64.b64decode(entry["key"]).decode()
        if not key.startswith(f"/service/{cluster}/"):
            continue
        if key.rpartition("/")[2] != "config":
            changes.append({"requestDeleteRange": {"key": entry["key"]}})
        elif alone:
            settings = json.loads(base64.b64decode(entry["value"]))
            settings[OURS] = (settings.get(OURS) or {}) | {"alone": True}
            value = base64.b64encode(json.dumps(settings).encode()).decode()
            changes.append({"requestPut": {"key": entry["key"], "value": value}})
    return [
        {"success": some} for some in (changes[at : at + _TRANSACTION] for at in range(0, len(changes), _TRANSACTION))
    ]


def _keys(answer: dict[str, Any], cluster: str) -> list[str]:
    found = (base64.b64decode(each["key"]).decode() for each in answer.get("kvs", []))
    return [key for key in found if key.startswith(f"/service/{cluster}/")]


class FilterModule:
    """The filters by the name that templates use."""

    def filters(self) -> dict[str, Any]:
        return {
            "camgrid_copy_instances": copy_instances,
            "camgrid_leader_keys": leader_keys,
            "camgrid_forget_requests": forget_requests,
            "camgrid_changed_stanzas": changed_stanzas,
            "camgrid_unknown_stanzas": unknown_stanzas,
            "camgrid_without_backup": without_backup,
            "camgrid_stanza": stanza,
            "camgrid_backup_clients": backup_clients,
            "camgrid_passphrase": passphrase,
        }
