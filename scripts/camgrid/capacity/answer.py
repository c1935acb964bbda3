"""The answer of `camgrid capacity` as one dictionary, which is its stable JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from camgrid.capacity import purchase
from camgrid.capacity.hardware import cores_needed
from camgrid.capacity.measured import Measured
from camgrid.capacity.model import Workload, hot_bytes, month_bytes, rollup_bytes, rollup_rows, wal_bytes
from camgrid.capacity.plan import FARTHEST, Planned, share
from camgrid.capacity.purchase import Copies
from camgrid.capacity.quantities import MONTH_S
from camgrid.errors import UsageError


def filled(work: Workload, found: Measured, monthly: int | None, stored: int | None, history: int | None) -> Workload:
    """A workload with its cameras from what a month takes, and its history from what is stored.

    monthly, stored: bytes in plain tables with indexes; history: months. None where nothing was said: then there is
    what the cluster has.
    """
    if monthly is not None:
        one = month_bytes(work, found.costs, 0, 0)
        work = replace(work, cameras=max(1, round(monthly / one.total * work.cameras)))
    if stored is not None:
        history = round(stored / month_bytes(work, found.costs, 0, 0).total)
    elif history is None:
        history = round(found.rows / work.results_in(0))
    return replace(work, history=history).check()


def answer(planned: Planned, copies: Copies, found: Measured, hosts: int | None = None) -> dict[str, Any]:
    """Rows, bytes, shards, workers, hosts and months, with the inputs that they follow from.

    found: where the costs come from; hosts: servers that are there, None where nobody said. Bytes are of one copy
    unless the key says otherwise; every number of bytes or rows is whole.
    """
    if hosts is not None:
        if planned.workers:
            raise UsageError("--hosts and --workers say the same in two ways", hint="leave one out")
        planned = replace(planned, workers=purchase.workers_for(hosts, copies))
    work, today, full = planned.work, planned.need(0), planned.full
    hot = hot_bytes(work, planned.costs, full.month) * share(planned.bought, planned.shards)
    return {
        "inputs": asdict(work) | asdict(planned.host) | asdict(copies) | {"reads": planned.reads},
        "costs": _costs(found),
        "a_month": _month(planned),
        "stored": [_stored(planned, copies, month) for month in sorted({0, planned.lasts, full.month})],
        "repository": _whole(asdict(planned.repository)) | {"total": round(planned.repository.total)},
        "shards": planned.shards,
        "workers": {
            "today": today.workers,
            "today_by": today.workers_by,
            "planned": planned.bought,
            "given": planned.workers is not None,
            "when_full": full.workers,
            "when_full_by": full.workers_by,
            "full_in_months": full.month,
        },
        "next_worker": {"in_months": planned.due.month, "because_of": planned.due.why} if planned.due else None,
        "a_group": {
            "hot_bytes": round(hot),
            "memory_bytes": purchase.memory_for(hot),
            "disk_limit_bytes": round(_limit(planned)),
            "disk_bytes": round(full.stored.total * share(planned.bought, planned.shards)),
            "cores": math.ceil(cores_needed(work, full.month, planned.reads) * share(planned.bought, planned.shards)),
        },
        "hardware": purchase.table(planned, copies, hot),
        "hosts": purchase.hosts_of(planned.bought, copies),
        "enough_today": today.workers <= planned.bought,
        "notes": list(_notes(planned, found, hosts)),
    }


def _limit(planned: Planned) -> float:
    part = share(planned.bought, planned.shards)
    newest = month_bytes(planned.work, planned.costs, planned.full.month, planned.shards).total
    return planned.host.limit(
        planned.full.stored.total / planned.shards, newest * part, planned.full.wal * part / MONTH_S
    )


def _costs(found: Measured) -> dict[str, Any]:
    return {
        "source": found.costs.source if not found.taken else f"measured on {found.where}",
        "at": found.at if found.taken else found.costs.at,
        "values": {name: value for name, value in asdict(found.costs).items() if name not in ("source", "at")},
        "measured": found.taken,
        "constant": found.constant,
    }


def _month(planned: Planned) -> dict[str, Any]:
    work, costs, shards = planned.work, planned.costs, planned.shards
    plain, cold = month_bytes(work, costs, 0, shards), month_bytes(work, costs, 0, shards, archived=True)
    hourly, daily = rollup_rows(work, 0)
    wal = wal_bytes(work, costs, 0)
    rows = {"results": work.results_in(0), "events": work.events_in(0), "hourly": hourly, "daily": daily}
    sizes = {
        "raw": plain.raw,
        "indexes": plain.indexes,
        "rollups": rollup_bytes(work, costs, 0),
        "archive": cold.archive if work.archive_after is not None else 0,
        "archive_indexes": cold.archive_indexes if work.archive_after is not None else 0,
        "empty_shards": plain.empty,
        "wal": wal,
    }
    return {"rows": _whole(rows), "bytes": _whole(sizes), "wal_bytes_a_second": round(wal / MONTH_S)}


def _stored(planned: Planned, copies: Copies, month: int) -> dict[str, Any]:
    need = planned.need(month)
    return {
        "month": month,
        "cameras": round(need.cameras),
        **_whole(asdict(need.stored)),
        "total": round(need.stored.total),
        "all_copies": round(need.stored.total * copies.of_data),
        "workers": need.workers,
    }


def _whole(numbers: dict[str, float]) -> dict[str, int]:
    return {name: round(value) for name, value in numbers.items()}


def _notes(planned: Planned, found: Measured, hosts: int | None) -> Iterator[str]:
    """What a reader must know who sees only the numbers."""
    if found.where and not found.taken:
        yield f"{found.where} has too few rows to measure: constants are used"
    elif found.constant:
        yield "not measured, so constants: " + "; ".join(f"{name} ({why})" for name, why in found.constant.items())
    by = planned.need(0).workers_by
    if planned.need(0).workers > planned.bought:
        yield (
            f"{planned.bought} worker groups are not enough today: disk {by['disk']}, cores {by['cores']}, memory"
            f" {by['memory']}. Add some before more is stored: docs/growing.md"
        )
    elif planned.due:
        yield (
            f"the next worker group is due in {planned.due.month} months ({planned.due.why}): order it earlier, then"
            " playbooks/add_worker.yml and camgrid rebalance start"
        )
    else:
        yield f"no further worker group is due within {FARTHEST // 12} years"
    if hosts is not None and planned.need(0).workers <= planned.bought:
        until = f"for {planned.due.month} months" if planned.due else f"for {FARTHEST // 12} years and more"
        yield f"{hosts} servers make {planned.bought} worker groups, which are enough {until}"
    if planned.full.workers_by["cores"] > 1:
        yield "cores follow from a lab whose two cores did everything; on your hosts: camgrid bench ingest read"
    if planned.shards != 32:
        yield (
            f"{planned.shards} shards are chosen before tables are distributed:"
            f" patroni_parameters: {{citus.shard_count: {planned.shards}}}"
        )
