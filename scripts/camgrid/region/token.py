"""The token of a switch: where in the log each group of the old region ended, which the new one has to reach.

Kept beside the inventory, readable by its owner alone; that of the last switch stays.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from camgrid.errors import CamgridError
from camgrid.region.lsn import text
from camgrid.secrets import write_private


@dataclass(frozen=True)
class End:
    """Where a group ended: the host that led it, on which timeline, and the end of its log in bytes."""

    group: int
    host: str
    timeline: int
    position: int


def path(app: Any) -> Path:
    """Where the token is."""
    return app.inventory.secrets_dir / "region_token.json"


def write(app: Any, origin: str, target: str, ends: list[End]) -> None:
    """Keeps the token, in place of an earlier switch's."""
    content = {
        "cluster": app.topology.cluster,
        "from": origin,
        "to": target,
        "groups": [asdict(end) | {"lsn": text(end.position)} for end in ends],
    }
    write_private(path(app), json.dumps(content, indent=2).encode())


def read(app: Any) -> dict[str, Any]:
    """The token that was written last. CamgridError when it is none."""
    try:
        return json.loads(path(app).read_text())
    except (OSError, ValueError) as error:
        raise CamgridError(f"the token cannot be read: {error}", where=str(path(app))) from error
