"""The host that keeps the backups: what it has, asked over SSH of pgBackRest itself."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from camgrid.backup.places import USER
from camgrid.errors import CamgridError, UsageError
from camgrid.inventory import Inventory
from camgrid.remote import Host
from camgrid.topology import Topology

KINDS = ("full", "diff", "incr")
_OTHER = 99


@dataclass(frozen=True)
class Backup:
    """A backup of one group. kind: one of KINDS; size: bytes of the database, stored: bytes that it added here.

    system_id: the database's, another one under the same name has its own; timeline, start_lsn, stop_lsn: the WAL that
    makes it consistent; damaged: whether pages failed their checksum.
    """

    group: int
    label: str
    kind: str
    started: datetime
    stopped: datetime
    size: int
    stored: int
    system_id: str
    timeline: int
    start_lsn: str
    stop_lsn: str
    damaged: bool


@dataclass(frozen=True)
class Stanza:
    """What the repository has of one group. backups: oldest first, also those of a database that was there before.

    archived: the newest segment of WAL; done, total: bytes of a backup now.
    """

    group: int
    backups: tuple[Backup, ...]
    archived: str | None
    message: str
    running: bool
    done: int = 0
    total: int = 0


class Repository:
    """The repository of a cluster's first region. UsageError when its inventory names no host for it."""

    def __init__(self, inventory: Inventory, topology: Topology) -> None:
        hosts = topology.backups()
        if not hosts:
            raise UsageError(
                "the cluster has no backups: its inventory has no host in the group backup",
                where=str(inventory.path),
                hint="name one there and run playbooks/site.yml",
            )
        self.topology, self.host = topology, Host(inventory, hosts[0])

    def stanza(self, group: int) -> str:
        """pgBackRest's name for a group."""
        return f"{self.topology.cluster}-{group}"

    def pgbackrest(self, *words: str) -> str:
        """What pgBackRest prints there. CamgridError with its own last lines when it fails."""
        return self.host.run(f"runuser -u {USER} -- pgbackrest {shlex.join(words)}")

    def stanzas(self) -> list[Stanza]:
        """Every group's backups, oldest first; a group that the repository has never seen has none."""
        told = parse(self.pgbackrest("info", "--output=json"), self.topology.cluster)
        return [
            told.get(group, Stanza(group, (), None, "no stanza", running=False)) for group in self.topology.groups()
        ]

    def start(self, kind: str) -> None:
        """Starts a backup of every group, one after the other; it needs nobody to wait for it."""
        self.host.run(f"systemctl start --no-block camgrid-backup@{kind}.service")

    def outcome(self, kind: str) -> str:
        """How the last such backup ended, in systemd's word: active and activating while it runs, or failed."""
        return self.host.run(f"systemctl is-active camgrid-backup@{kind}.service || true").strip()

    def journal(self, kind: str) -> str:
        """The last lines that such a backup wrote."""
        return self.host.run(f"journalctl --unit=camgrid-backup@{kind} --lines=8 --no-pager --output=cat")


def parse(text: str, cluster: str) -> dict[int, Stanza]:
    """The answer of `pgbackrest info --output=json`: group → what there is. Other clusters' stanzas are left out."""
    try:
        told = json.loads(text)
    except ValueError as error:
        raise CamgridError(
            f"pgBackRest's answer cannot be read: {error}", hint="pgbackrest info, on its host"
        ) from error
    found = {}
    for entry in told:
        name, _, number = entry["name"].rpartition("-")
        if name == cluster and number.isdigit():
            found[int(number)] = _stanza(int(number), entry)
    return found


def _stanza(group: int, entry: dict[str, Any]) -> Stanza:
    lock = entry["status"].get("lock", {}).get("backup", {})
    archives = [archive["max"] for archive in entry.get("archive", []) if archive.get("max")]
    return Stanza(
        group,
        tuple(_backups(group, entry)),
        max(archives, default=None),
        _message(entry),
        running=bool(lock.get("held")),
        done=lock.get("size-cplt") or 0,
        total=lock.get("size") or 0,
    )


def system_id(entry: dict[str, Any]) -> str | None:
    """The identifier of the database that a stanza is for now."""
    databases = entry.get("db", [])
    return str(max(databases, key=lambda database: database["id"])["system-id"]) if databases else None


def current_backups(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of a stanza's backups that are of the database that its group has now, and not of an earlier one."""
    now = max((database["id"] for database in entry.get("db", [])), default=None)
    return [each for each in entry.get("backup", []) if each["database"]["id"] == now]


def _message(entry: dict[str, Any]) -> str:
    """What state a stanza is in; where pgBackRest only says "other", the first line of what it could not do."""
    if entry["status"]["code"] != _OTHER:
        return entry["status"]["message"]
    told = next((each["status"]["message"] for each in entry.get("repo", []) if each["status"]["code"] == _OTHER), "")
    return f"{told.splitlines()[0]}; is the passphrase the one that it was made with?" if told else "unknown"


def _backups(group: int, entry: dict[str, Any]) -> Iterable[Backup]:
    systems = {database["id"]: str(database["system-id"]) for database in entry.get("db", [])}
    for backup in entry.get("backup", []):
        yield Backup(
            group,
            backup["label"],
            backup["type"],
            datetime.fromtimestamp(backup["timestamp"]["start"], UTC),
            datetime.fromtimestamp(backup["timestamp"]["stop"], UTC),
            backup["info"]["size"],
            backup["info"]["repository"].get("delta") or 0,
            systems[backup["database"]["id"]],
            int(backup["archive"]["start"][:8], 16),
            backup["lsn"]["start"],
            backup["lsn"]["stop"],
            bool(backup.get("error")),
        )
