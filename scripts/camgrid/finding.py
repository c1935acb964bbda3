"""Something that is wrong with a cluster, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """what: one sentence; where: host, group or object; next: what to do."""

    what: str
    where: str
    next: str
