"""Restore drills: what was restored when, and whether it was good; recorded on the repository's host."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from camgrid.backup.places import STATE
from camgrid.backup.repository import Repository
from camgrid.errors import CamgridError
from camgrid.finding import Finding
from camgrid.units import long_duration

DIRECTORY = f"{STATE}/drills"
# A backup that was never restored in five weeks is a hope.
AGE_WARNING = timedelta(days=35)
_STEP = "camgrid restore drill"


@dataclass(frozen=True)
class Drill:
    """A drill. seconds: until the copy was open; rows: table → rows; complaints: what was wrong with it."""

    ended_at: str
    point: str
    made_at: str
    seconds: float
    rows: dict[str, int]
    complaints: list[str]

    @property
    def ended(self) -> datetime:
        """When it ended."""
        return datetime.fromisoformat(self.ended_at)


def keep(repository: Repository, drill: Drill) -> None:
    """Records a drill on the repository's host."""
    path = f"{DIRECTORY}/{drill.ended.astimezone(UTC):%Y%m%dT%H%M%SZ}.json"
    command = f"mkdir -p {DIRECTORY} && cat > {path}.new && mv {path}.new {shlex.quote(path)}"
    repository.host.run(command, json.dumps(asdict(drill)) + "\n")


def listed(repository: Repository) -> list[Drill]:
    """The drills that are recorded, oldest first."""
    text = repository.host.run(f"cat {DIRECTORY}/*.json 2>/dev/null || true")
    try:
        found = [Drill(**json.loads(line)) for line in text.splitlines() if line.strip()]
    except (TypeError, ValueError) as error:
        raise CamgridError(
            f"a record there cannot be read: {error}", where=f"{repository.host.name}:{DIRECTORY}"
        ) from error
    return sorted(found, key=lambda drill: drill.ended)


def findings(found: list[Drill], first_backup: datetime | None, now: datetime) -> list[Finding]:
    """What is wrong with the last drill, or that there was none for long. first_backup: when there could be one."""
    if not found:
        return wrong(None, "", first_backup, now)
    return wrong(found[-1].ended, found[-1].complaints[0] if found[-1].complaints else "", first_backup, now)


def wrong(ended: datetime | None, complaint: str, first_backup: datetime | None, now: datetime) -> list[Finding]:
    """The same of the last drill's end, None before the first, and what was wrong with what it restored."""
    if ended is None:
        late = first_backup is not None and now - first_backup > AGE_WARNING
        text = "the backups were never restored to see that they are good"
        return [Finding(text, "restore drill", _STEP)] if late else []
    if complaint:
        return [Finding(f"the last one failed: {complaint}", "restore drill", _STEP)]
    if now - ended > AGE_WARNING:
        age = long_duration((now - ended).total_seconds())
        return [Finding(f"the last one was {age} ago", "restore drill", _STEP)]
    return []
