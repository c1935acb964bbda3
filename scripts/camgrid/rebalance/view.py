"""A plan and a running rebalance as people read them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from camgrid.console import emit_table, out
from camgrid.finding import Finding
from camgrid.rebalance.job import Job, Task
from camgrid.rebalance.layout import Balance, skew
from camgrid.rebalance.plan import Plan
from camgrid.units import duration, size

# Moves that a plan shows one by one before it says how many more there are.
SHOWN = 40


def show_plan(plan: Plan) -> None:
    """Moves, balance before and after, obstacles."""
    if plan.moves:
        rows = [
            {
                "move": number,
                "shard": str(move.shard),
                "way": f"group {move.source} -> {move.target}",
                "size": size(move.bytes),
                "time": duration(move.seconds),
            }
            for number, move in enumerate(plan.moves[:SHOWN], start=1)
        ]
        emit_table(rows, {"move": "move", "shard": "shard", "way": "way", "size": "size", "time": "about"})
        if len(plan.moves) > SHOWN:
            out.print(f"… and {len(plan.moves) - SHOWN} more; --json has all")
        out.print(
            f"\n{len(plan.moves)} moves, {size(plan.bytes)}, about {duration(plan.seconds)}"
            f" (from {plan.estimated_from})\n"
        )
    else:
        out.print("nothing to move\n")
    emit_table(_balances(plan.before, plan.after), _headings(plan.before))
    show_findings(plan.obstacles, "in the way")
    show_findings(plan.delays, "will wait")


def _headings(balances: list[Balance]) -> dict[str, str]:
    headings = {"group": "group", "shards": "shards", "shards_after": "after", "size": "size", "size_after": "after"}
    if any(each.load is not None for each in balances):
        headings |= {"load": "load/s", "load_after": "after"}
    return headings


def _balances(before: list[Balance], after: list[Balance]) -> list[dict[str, Any]]:
    then = {each.group: each for each in after}
    rows: list[dict[str, Any]] = [
        {
            "group": str(each.group),
            "shards": each.shards,
            "shards_after": then[each.group].shards,
            "size": size(each.bytes),
            "size_after": size(then[each.group].bytes),
            "load": None if each.load is None else round(each.load),
            "load_after": None if then[each.group].load is None else round(then[each.group].load),
        }
        for each in before
    ]
    measures = {"shards": "shards", "size": "bytes", "load": "load"}
    fullest: dict[str, Any] = {"group": "fullest/mean"}
    for name, attribute in measures.items():
        for key, balances in ((name, before), (f"{name}_after", after)):
            ratio = skew(getattr(each, attribute) or 0 for each in balances)
            fullest[key] = None if ratio is None else f"{ratio:.2f}"
    return [*rows, fullest]


def show_findings(findings: Iterable[Finding], word: str) -> None:
    """What is wrong, each with the next step, on stdout."""
    for finding in findings:
        where, what = escape(finding.where), escape(finding.what)
        out.print(f"[red]{word}[/red] {where}: {what}\n      next: {escape(finding.next)}")


class Rates:
    """Bytes a second of each move, from what earlier looks saw."""

    def __init__(self) -> None:
        self._first: dict[int, tuple[float, int]] = {}

    def rate(self, task: Task) -> float | None:
        """Bytes a second since the move was first seen to copy; None until there is something to tell."""
        if not task.running or task.target_bytes is None:
            return None
        moment, bytes_then = self._first.setdefault(task.task, (time.monotonic(), task.target_bytes))
        elapsed = time.monotonic() - moment
        return (task.target_bytes - bytes_then) / elapsed if elapsed > 0.5 else None


def progress(job: Job, sizes: dict[int, int], rates: Rates) -> dict[str, Any]:
    """How far a job is. sizes: shard → bytes of the shards that move with it. Stable: what `watch --json` prints."""
    total = sum(sizes.get(task.shard or 0, 0) for task in job.tasks)
    done = sum(sizes.get(task.shard or 0, 0) for task in job.tasks if task.status == "done")
    done += sum(min(task.target_bytes or 0, sizes.get(task.shard or 0, 0)) for task in job.tasks if task.running)
    elapsed = ((job.finished or datetime.now(UTC)) - job.started).total_seconds() if job.started else 0
    moves = [
        {
            "shard": task.shard,
            "source": task.source,
            "target": task.target,
            "phase": task.phase,
            "bytes": sizes.get(task.shard or 0) or task.source_bytes,
            "done_bytes": task.target_bytes,
            "behind_bytes": task.behind_bytes,
            "bytes_per_s": rates.rate(task),
        }
        for task in job.tasks
        if task.running
    ]
    return {
        "job": job.id,
        "state": "paused" if job.held else job.state,
        "tasks": len(job.tasks),
        "tasks_done": job.done,
        "bytes": total,
        "bytes_done": done,
        "elapsed_s": elapsed,
        "left_s": left(job, total, done, elapsed),
        "moves": moves,
    }


def left(job: Job, total: int, done: int, elapsed: float) -> float | None:
    """Seconds that are left at the pace so far, by bytes and by moves, whichever is slower; None while unknown."""
    if job.ended or job.held or not job.done or not elapsed:
        return None
    by_moves = elapsed / job.done * (len(job.tasks) - job.done)
    by_bytes = elapsed / done * (total - done) if done else 0.0
    return max(by_moves, by_bytes)


def live(told: dict[str, Any], findings: list[Finding]) -> Group:
    """A picture of progress() for a terminal that is drawn anew."""
    lines: list[Any] = [Text(line(told))]
    if told["moves"]:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("shard", "way", "phase", "copied", "of", "rate", "behind"):
            table.add_column(heading)
        for move in told["moves"]:
            table.add_row(*_cells(move))
        lines.append(table)
    lines += [Text(f"stuck  {each.where}: {each.what}\n       next: {each.next}", style="red") for each in findings]
    return Group(*lines)


def _cells(move: dict[str, Any]) -> list[str]:
    def shown(value: float | None, suffix: str = "") -> str:
        return "-" if value is None else size(int(value)) + suffix

    return [
        str(move["shard"] or "reference tables"),
        f"group {move['source']} -> {move['target']}" if move["shard"] else "-",
        move["phase"] or "-",
        shown(move["done_bytes"]),
        shown(move["bytes"]),
        shown(move["bytes_per_s"], "/s"),
        shown(move["behind_bytes"]),
    ]


def line(told: dict[str, Any]) -> str:
    """Progress in one line, for a log."""
    text = (
        f"job {told['job']} {told['state']}: {told['tasks_done']} of {told['tasks']} moves,"
        f" {size(told['bytes_done'])} of {size(told['bytes'])} in {duration(told['elapsed_s'])}"
    )
    if told["left_s"] is not None:
        text += f", about {duration(told['left_s'])} left"
    for move in told["moves"]:
        text += f"; {move['shard']}: {(move['phase'] or 'begins').lower()}"
    return text


def findings_json(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Findings as plain data."""
    return [asdict(each) for each in findings]
