"""Makes a copy of a group's data out of the repository: one of Patroni's create_replica_methods.

Patroni adds --datadir and --connstring, which leads to the server that the copy is to follow. Not every backup leads
there. Of a group that came to another database there are backups of the former one; and where a region or a primary was
lost, the repository may have what the lost one wrote after the others had parted from it, even under a timeline of the
same number, which PostgreSQL does not tell from its own. So the server is asked first which way it came: only a backup
on that way is restored. Where there is none it ends with 1 and says why, and Patroni tries its next method.

--check only says which backup it would be. Nothing is changed.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_FORK = re.compile(r"(\d+)\t([0-9A-F]+/[0-9A-F]+)\t")


class RefusalError(Exception):
    """Why the copy cannot come from the repository."""


@dataclass(frozen=True)
class Source:
    """The server that the copy is to follow. history: what its timeline's history file says, "" for the first one."""

    system_id: str
    timeline: int
    history: str = ""
    forks: dict[int, int] = field(default_factory=dict)

    def came_by(self, timeline: int, position: int) -> bool:
        """Whether it wrote, or took over from whoever did, what is before a position of a timeline."""
        return timeline == self.timeline or position <= self.forks.get(timeline, -1)


def number(position: str) -> int:
    """A position in the log, such as 1/A0, in bytes."""
    high, low = position.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def forks(history: str) -> dict[int, int]:
    """A timeline's history file: each earlier timeline → the position at which the next one left it."""
    return {int(timeline): number(position) for timeline, position in _FORK.findall(history)}


def choose(info: dict[str, Any], source: Source) -> str:
    """Label of the newest sound backup that leads to the source. info: what `pgbackrest info` says of the stanza."""
    systems = {database["id"]: str(database["system-id"]) for database in info.get("db", [])}
    for backup in reversed(info.get("backup", [])):
        timeline = int(backup["archive"]["stop"][:8], 16)
        if (
            systems.get(backup["database"]["id"]) == source.system_id
            and not backup.get("error")
            and source.came_by(timeline, number(backup["lsn"]["stop"]))
        ):
            return str(backup["label"])
    raise RefusalError(f"none of its {len(info.get('backup', []))} backups leads to where that server is")


def archive_id(info: dict[str, Any], source: Source) -> str:
    """The repository's name for the archive of the source's database."""
    ids = [database["id"] for database in info.get("db", []) if str(database["system-id"]) == source.system_id]
    found = [archive["id"] for archive in info.get("archive", []) if archive["database"]["id"] in ids]
    if not found:
        raise RefusalError("it has no archive of that server's database")
    return str(found[-1])


def run(*command: str) -> str:
    """What a command prints; RefusalError with its own words when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        raise RefusalError(said or f"{command[0]} ended with {done.returncode}")
    return done.stdout


def ask(connstring: str) -> Source:
    """What the server of a connection string says of itself."""
    psql = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", f"--dbname={connstring} replication=true"]
    system_id, timeline, *_ = run(*psql, "--command=IDENTIFY_SYSTEM").strip().split("|")
    if timeline == "1":
        return Source(system_id, 1)
    told = run(*psql, f"--command=TIMELINE_HISTORY {timeline}").partition("|")[2]
    return Source(system_id, int(timeline), told, forks(told))


def find(stanza: str, source: Source) -> str:
    """The backup to restore. RefusalError where the repository would lead elsewhere."""
    told = json.loads(run("pgbackrest", f"--stanza={stanza}", "--output=json", "info"))
    info = next((entry for entry in told if entry["name"] == stanza), {})
    label = choose(info, source)
    if source.history:
        name = f"archive/{stanza}/{archive_id(info, source)}/{source.timeline:08X}.history"
        if forks(run("pgbackrest", f"--stanza={stanza}", "repo-get", name)) != source.forks:
            raise RefusalError(f"its timeline {source.timeline} is not that server's: the two went apart")
    return label


def restore(stanza: str, label: str, data: Path, wal: Path | None) -> None:
    """Brings a backup into an empty directory, pg_wal into its own place."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = ["pgbackrest", f"--stanza={stanza}", f"--set={label}", "--type=standby", "--no-delta", "restore"]
    if subprocess.run(command, check=False).returncode:
        raise RefusalError(f"backup {label} could not be restored; pgBackRest's log says why")
    if wal:
        # A backup knows of a link only where it was taken of a member that has one; nothing is in pg_wal yet.
        shutil.rmtree(wal, ignore_errors=True)
        wal.mkdir(mode=0o700, parents=True)
        shutil.rmtree(data / "pg_wal")
        (data / "pg_wal").symlink_to(wal)


def host_of(connstring: str) -> str:
    """The hosts that a connection string names."""
    found = re.search(r"\bhost='?([^\s']+)", connstring)
    return found[1] if found else ""


def main(words: list[str]) -> int:
    """0 when the copy is made, or could be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stanza", required=True)
    parser.add_argument("--connstring", required=True)
    parser.add_argument("--source", help="hosts that it is made for; a copy of another host is left to other methods")
    parser.add_argument("--datadir", type=Path)
    parser.add_argument("--waldir", type=Path)
    parser.add_argument("--check", action="store_true")
    given, _ = parser.parse_known_args(words)  # Patroni adds more than is wanted here
    try:
        if given.source and host_of(given.connstring) != given.source:
            raise RefusalError("this member has a leader nearby, which it is copied from")
        label = find(given.stanza, ask(given.connstring))
        if not given.check:
            restore(given.stanza, label, given.datadir, given.waldir)
    except RefusalError as refusal:
        print(f"no copy of {given.stanza} from the repository: {refusal}", file=sys.stderr)
        return 1
    print(f"{given.stanza} {'can be' if given.check else 'was'} restored from backup {label}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
