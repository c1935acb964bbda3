"""A mistake in an inventory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """host: whom it is about, or "all"; variable: what to look at; text: what is wrong; mend: what to do."""

    host: str
    variable: str
    text: str
    mend: str

    def __str__(self) -> str:
        return f"{self.host}: {self.variable}: {self.text}\n    mend: {self.mend}"
