"""The answer of `camgrid capacity` for a reader: four tables and the sentences that belong to them."""

from __future__ import annotations

from typing import Any

from camgrid.console import emit_table, say

_UNITS = ("kB", "MB", "GB", "TB", "PB")


def decimal(count: float) -> str:
    """Bytes as drives are sold: 3840000000000 → "3.84 TB"."""
    value, unit = float(count), "B"
    for each in _UNITS:
        if value < 1000:
            break
        value, unit = value / 1000, each
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.3g} {unit}"


def show(told: dict[str, Any]) -> None:
    """Prints it: data on stdout, what it rests on on stderr."""
    inputs, costs = told["inputs"], told["costs"]
    archived = f"archived after {inputs['archive_after']}" if inputs["archive_after"] is not None else "never archived"
    say(
        f"{inputs['cameras']:,} cameras, {_rate(inputs['rate'])} and {inputs['events']:g} events a day each,"
        f" {inputs['batch']} in a statement, {inputs['zones']} zone(s); {inputs['growth']:.0%} more a year; kept"
        f" {inputs['retention']} months, {archived}; {inputs['history']} stored at the start"
    )
    say(f"bytes of a row: {costs['source']}, {costs['at']:%Y-%m-%d}")
    _month(told["a_month"])
    stored = [_sizes(row) for row in told["stored"]]
    columns = ("month", "cameras", "raw", "indexes", "archive", "archive_indexes", "rollups", "total", "all_copies")
    names = {"archive_indexes": "its indexes", "all_copies": "all copies"}
    emit_table(stored, {each: names.get(each, each) for each in (*columns, "workers")}, "\nstored after so many months")
    hardware = [
        {
            **row,
            "memory": f"{row['memory_bytes'] // 1024**3} GiB",
            "nvme": f"{row['drives']} x {decimal(row['drive_bytes'])}",
        }
        for row in told["hardware"]
    ]
    emit_table(
        hardware,
        {each: each for each in ("part", "hosts", "cores", "memory", "nvme", "why")},
        f"\nhardware: {told['hosts']} servers",
    )
    group, workers, repository = told["a_group"], told["workers"], told["repository"]
    rows = [
        (
            "worker groups",
            f"{workers['planned']:,}{' (given)' if workers['given'] else ''}; {_by(workers['when_full_by'])}",
        ),
        ("shards", f"{told['shards']} of each table, and as many again for each month"),
        ("disk of a group", f"{decimal(group['disk_bytes'])} of {decimal(group['disk_limit_bytes'])} when full"),
        ("memory of a group", f"hot data {decimal(group['hot_bytes'])}"),
        ("cores of a primary", f"{group['cores']}, half busy"),
        ("WAL", f"{decimal(told['a_month']['wal_bytes_a_second'])}/s over all primaries"),
        (
            "backups",
            f"{decimal(repository['total'])}: {repository['kept']} + 1 times full {decimal(repository['full'])},"
            f" differential {decimal(repository['differential'])}, WAL {decimal(repository['wal'])}",
        ),
        ("next worker", _due(told["next_worker"])),
    ]
    emit_table([{"what": what, "how": how} for what, how in rows], {"what": "", "how": ""}, "")


def _month(month: dict[str, Any]) -> None:
    rows, sizes = month["rows"], month["bytes"]
    table = [
        {
            "what": "plain months",
            "rows": rows["results"] + rows["events"],
            "raw": sizes["raw"],
            "indexes": sizes["indexes"],
        },
        {"what": "archived", "rows": None, "raw": sizes["archive"], "indexes": sizes["archive_indexes"]},
        {"what": "rollups", "rows": rows["hourly"] + rows["daily"], "raw": sizes["rollups"], "indexes": None},
        {"what": "empty pages of shards", "rows": None, "raw": sizes["empty_shards"], "indexes": None},
        {"what": "WAL", "rows": None, "raw": sizes["wal"], "indexes": None},
    ]
    table = [{**row, "raw": decimal(row["raw"]), "indexes": _maybe(row["indexes"])} for row in table]
    emit_table(table, {"what": "a month", "rows": "rows", "raw": "bytes", "indexes": "indexes"})


def _maybe(count: float | None) -> str | None:
    return None if count is None else decimal(count)


def _sizes(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value if name in ("month", "cameras", "workers") else decimal(value) for name, value in row.items()}


def _rate(a_second: float) -> str:
    for seconds, unit in ((1, "s"), (60, "min"), (3600, "h"), (86_400, "d")):
        if a_second * seconds >= 1:
            return f"{a_second * seconds:.3g}/{unit}"
    return f"{a_second * 86_400:.3g}/d"


def _by(workers: dict[str, int]) -> str:
    return "when full, " + ", ".join(f"{reason} asks for {count}" for reason, count in workers.items())


def _due(next_worker: dict[str, Any] | None) -> str:
    if next_worker is None:
        return "not within ten years"
    months = next_worker["in_months"]
    return f"{f'in {months} months' if months else 'now'}, because of {next_worker['because_of']}"
