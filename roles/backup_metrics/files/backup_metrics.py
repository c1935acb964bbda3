"""Writes what the repository has of each group, its restore points and drills, for the node exporter's textfiles.

Usage: backup_metrics.py CLUSTER STATE FILE, as the repository's user. STATE: the directory with points/ and drills/.
Nothing is written when pgBackRest does not answer, so that the file's age tells of it.
"""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile


def main() -> None:
    """Asks, and replaces FILE as a whole."""
    cluster, state, path = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    command = ["pgbackrest", "info", "--output=json"]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=50)
    registry = CollectorRegistry()
    stanzas(registry, cluster, json.loads(told.stdout))
    points(registry, state / "points")
    drills(registry, state / "drills")
    write_to_textfile(path, registry)


def stanzas(registry: CollectorRegistry, cluster: str, told: list) -> None:
    """Each group's backups of the database that it has now, by kind (full, diff, incr)."""

    def gauge(name: str, says: str, *labels: str) -> Gauge:
        return Gauge(f"camgrid_backup_{name}", says, ["citus_group", *labels], registry=registry)

    last = gauge("last_timestamp_seconds", "When the newest backup ended", "kind")
    size = gauge("last_database_bytes", "Bytes of the database in the newest backup", "kind")
    first = gauge("first_timestamp_seconds", "When the oldest backup that is kept ended")
    kept = gauge("kept", "Backups that are kept")
    damaged = gauge("damaged", "Whether pages of the newest backup failed their checksum")
    running = gauge("running", "Whether a backup is being taken")
    for entry in told:
        name, _, group = entry["name"].rpartition("-")
        if name != cluster or not group.isdigit():
            continue
        now = max((database["id"] for database in entry.get("db", [])), default=None)
        backups = [each for each in entry.get("backup", []) if each["database"]["id"] == now]
        kept.labels(group).set(len(backups))
        running.labels(group).set(bool(entry["status"].get("lock", {}).get("backup", {}).get("held")))
        for each in backups:
            last.labels(group, each["type"]).set(each["timestamp"]["stop"])
            size.labels(group, each["type"]).set(each["info"]["size"])
        if backups:
            first.labels(group).set(backups[0]["timestamp"]["stop"])
            damaged.labels(group).set(bool(backups[-1].get("error")))


def points(registry: CollectorRegistry, directory: Path) -> None:
    """When the newest restore point was made: the file of each is written once."""
    made = [path.stat().st_mtime for path in directory.glob("*.json")]
    if made:
        says = "When the newest restore point of the whole cluster was recorded"
        Gauge("camgrid_restore_point_last_timestamp_seconds", says, registry=registry).set(max(made))


def drills(registry: CollectorRegistry, directory: Path) -> None:
    """How the last restore drill ended; nothing before the first."""
    records = [json.loads(path.read_text()) for path in directory.glob("*.json")] if directory.is_dir() else []
    if not records:
        return
    last = max(records, key=lambda record: record["ended_at"])
    for name, says, value in (
        ("last_timestamp_seconds", "When it ended", datetime.fromisoformat(last["ended_at"]).timestamp()),
        ("failed", "Whether what was restored had faults", bool(last["complaints"])),
        ("seconds", "How long it took until the copy was open", last["seconds"]),
    ):
        Gauge(f"camgrid_restore_drill_{name}", f"The last restore drill: {says}", registry=registry).set(value)


if __name__ == "__main__":
    main()
