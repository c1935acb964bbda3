"""pgbench on the bed's host: several at once where a side has several ways, and one figure for all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from camgrid.bench.bed import Bed
from camgrid.errors import CamgridError


@dataclass(frozen=True)
class Lane:
    """One pgbench. name: of its files; wanted: libpq's parameters; scripts: (file, weight) of each script;
    statements: of its protocol; rate: transactions a second, 0: as many as it can; unit: rows a transaction brings."""

    name: str
    wanted: dict[str, Any]
    scripts: tuple[tuple[str, int], ...]
    clients: int
    protocol: str = "prepared"
    rate: int = 0
    variables: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Figures:
    """What came of a lane: transactions a second, and milliseconds within which 50, 95, 99 of 100 were done."""

    per_second: float
    p50: float
    p95: float
    p99: float
    failed: int


# Milliseconds from microseconds, at the share of the sorted lines that the reader wants.
_PERCENTILES = (
    "sort -n {name}.times | awk '{{t[NR]=$1}} END {{print t[int(NR*.5)+1]/1e3, t[int(NR*.95)+1]/1e3,"
    " t[int(NR*.99)+1]/1e3}}'"
)


def run(bed: Bed, lanes: Sequence[Lane], seconds: int) -> dict[str, Figures]:
    """Runs all lanes at the same time for so many seconds; lane's name → its figures.

    CamgridError when a lane ended early or did nothing.
    """
    parts = [_command(bed, lane, seconds) for lane in lanes]
    # Each in the background; `wait` without names would forget how they ended.
    started = " ".join(f"( {part}; echo $? >{lane.name}.code ) &" for part, lane in zip(parts, lanes, strict=True))
    bed.shell(f"rm -f *.log.* *.code *.out *.err *.times; {started} wait")
    return {lane.name: _figures(bed, lane) for lane in lanes}


def _command(bed: Bed, lane: Lane, seconds: int) -> str:
    words = [
        bed.environment(lane.name, lane.wanted),
        f"{bed.bin}/pgbench --no-vacuum --protocol={lane.protocol} --time={seconds} --log --log-prefix={lane.name}.log",
        f"--client={lane.clients} --jobs=1",
        *(f"--define={key}={value}" for key, value in lane.variables),
        *(f"--file={file}@{weight}" for file, weight in lane.scripts),
        *([f"--rate={lane.rate}"] if lane.rate else []),
        f">{lane.name}.out 2>{lane.name}.err",
    ]
    return " ".join(words)


def _figures(bed: Bed, lane: Lane) -> Figures:
    code, told, complaint = bed.shell(
        f"cat {lane.name}.code; echo @@; cat {lane.name}.out; echo @@; head -n 5 {lane.name}.err"
    ).split("@@\n")
    rate = re.search(r"^tps = ([\d.]+)", told, re.MULTILINE)
    if code.strip() != "0" or not rate:
        raise CamgridError(f"pgbench failed: {complaint.strip()[:500]}", where=f"{bed.host.name}, lane {lane.name}")
    failed = re.search(r"failed transactions: (\d+)", told)
    bed.shell(f"cat {lane.name}.log.* | cut -d' ' -f3 >{lane.name}.times")
    times = bed.shell(_PERCENTILES.format(name=lane.name)).split()
    return Figures(float(rate[1]), *map(float, times), failed=int(failed[1]) if failed else 0)
