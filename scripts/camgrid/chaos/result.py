"""What came of one run of a fault, and how it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from camgrid.chaos.faults import Fault
from camgrid.console import emit_table

COLUMNS = {
    "fault": "fault",
    "group": "group",
    "run": "run",
    "writes": "s without writes",
    "promised": "promised",
    "reads": "s without reads",
    "errors": "errors",
    "acknowledged": "acknowledged",
    "lost": "lost",
    "doubled": "doubled",
    "halves": "halves",
    "prepared": "prepared left",
    "recovered": "recovered in s",
    "verdict": "verdict",
}

# Kinds of errors that are named in the line of a run; all are in the JSON.
_KINDS = 6


@dataclass
class Result:
    """One run. Times in seconds; group: None for what all groups share; unsettled: what was not as before at the end;
    longest: client → its longest time without a success; failure: why the run could not be made, empty when it was."""

    fault: str
    group: int | None
    run: int
    promised_s: float | None
    ledger: str = ""
    without_writes_s: float = 0.0
    without_reads_s: float = 0.0
    recovered_s: float = 0.0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    halves: int = 0
    unknown: int = 0
    prepared_left: int = 0
    longest: dict[str, float] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    leaders: dict[int, str] = field(default_factory=dict)
    unsettled: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)
    failure: str = ""

    @classmethod
    def of(cls, fault: Fault, group: int | None, run: int) -> Result:
        """A result to be filled in."""
        return cls(fault.name, group, run, fault.limit_s)

    @property
    def reasons(self) -> list[str]:
        """Why it is a failure; empty when it is none. Being slow is not one: see `late`."""
        counts = {"lost": self.lost, "doubled": self.doubled, "half there": self.halves, "never sent": self.unknown}
        wrong = [f"{count} {what}" for what, count in counts.items() if count]
        return [*([self.failure] if self.failure else []), *wrong, *self.unsettled]

    @property
    def ok(self) -> bool:
        """Whether nothing was lost, doubled or half there, and all is as it was before."""
        return not self.reasons

    @property
    def late(self) -> bool:
        """Whether writes were away for longer than is promised."""
        return self.promised_s is not None and self.without_writes_s > self.promised_s

    @property
    def verdict(self) -> str:
        """ok, or what is wrong, in one line."""
        if not self.ok:
            return f"FAILED: {'; '.join(self.reasons[:3])}"
        return "ok, later than promised" if self.late else "ok"

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self) | {"ok": self.ok, "late": self.late, "verdict": self.verdict}

    def as_row(self) -> dict[str, Any]:
        """Its line in the table."""
        return asdict(self) | {
            "group": "all" if self.group is None else str(self.group),
            "writes": f"{self.without_writes_s:.1f}",
            "promised": "-" if self.promised_s is None else f"{self.promised_s:.0f}",
            "reads": f"{self.without_reads_s:.1f}",
            "errors": sum(self.errors.values()),
            "prepared": self.prepared_left,
            "recovered": f"{self.recovered_s:.1f}",
            "verdict": self.verdict,
        }

    def line(self) -> str:
        """What is said of it as it comes."""
        kinds = ", ".join(
            f"{count} x {kind}" for kind, count in sorted(self.errors.items(), key=lambda entry: -entry[1])[:_KINDS]
        )
        longest = ", ".join(f"{client} {seconds:.1f}" for client, seconds in self.longest.items())
        where = "all groups" if self.group is None else f"group {self.group}"
        lines = [
            f"{self.fault}, {where}, run {self.run}: {self.without_writes_s:.1f} s without writes, "
            f"{self.without_reads_s:.1f} s without reads, {self.acknowledged:,} acknowledged, {self.verdict}",
            f"  longest waits in s: {longest}",
            f"  errors seen: {kinds or 'none'}",
            *(f"  {text}" for text in self.examples),
        ]
        return "\n".join(lines)


def show(results: Iterable[Result]) -> None:
    """All results as one table on stdout."""
    emit_table([result.as_row() for result in results], COLUMNS)
