"""What `camgrid status` shows, part by part: for a terminal, a pipe and a screen that is drawn again and again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.text import Text

from camgrid import health, pools
from camgrid.backup.standing import Standing
from camgrid.console import table_of
from camgrid.shards.balance import skew
from camgrid.units import long_duration, size

_LOAD = {
    "read_operations_per_second": "reads/s",
    "write_operations_per_second": "writes/s",
    "active_connections": "active sessions",
    "average_statement_milliseconds": "ms a statement",
    "connections_used_percent": "% of connections",
}


def parts(snapshot: health.Snapshot) -> Iterator[RenderableType]:
    """Everything but what is wrong, in the order of how often it is asked for."""
    yield _head(snapshot)
    if snapshot.regions:
        yield _regions(snapshot)
    yield _members(snapshot)
    if snapshot.database:
        yield _load(snapshot.database["load"])
        yield from _tables(snapshot.database)
        yield _jobs(snapshot.database)
        yield _words(_rollups(snapshot.database["rollups"]))
    if snapshot.backups:
        yield _words(_backups(snapshot.backups))


def wrong(snapshot: health.Snapshot) -> Iterator[Text]:
    """A line or two for each finding, and for alerts that somebody is at; or that all is well."""
    if not snapshot.findings:
        yield Text.from_markup("[green]healthy[/green]")
    for finding in snapshot.findings:
        told = escape(f"{finding.where}: {finding.what}")
        yield Text.from_markup(f"[red]wrong[/red] {told}\n      next: {escape(finding.next)}")
    for alert in snapshot.database.get("alerts", ()):
        if alert["status"] == "acknowledged":
            told = f"{alert['subject']}: {alert['title']} (alert {alert['id']}); {alert['acknowledged_by']} is at it"
            yield Text.from_markup(f"[yellow]known[/yellow] {escape(told)}")


def lines(snapshot: health.Snapshot) -> list[str]:
    """The same in plain lines, for machines: nothing when all is well."""
    return [f"{finding.where}: {finding.what}; next: {finding.next}" for finding in snapshot.findings]


def _words(text: str) -> Text:
    """Plain text: what comes from a database may look like markup."""
    return Text(text)


def _table(rows: Iterable[Mapping[str, Any]], *headings: str) -> RenderableType:
    return table_of(rows, dict(zip(headings, headings, strict=True)))


def _head(snapshot: health.Snapshot) -> Text:
    database = snapshot.database
    versions = f"PostgreSQL {database['postgresql'].split()[0]}" if database else "database not reached"
    if database.get("citus"):
        versions += f", Citus {database['citus']}"
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    head = Text.from_markup(f"[bold]{escape(snapshot.cluster)}[/bold]")
    return head.append(f"  phase {snapshot.phase}, {versions}, {now}")


def _regions(snapshot: health.Snapshot) -> RenderableType:
    rows = []
    for region in snapshot.regions:
        behind = [group for group in region["groups"] if group["lag_bytes"] is not None]
        rows.append(
            {
                "region": region["region"],
                "it": "takes writes" if region["open"] else "stands by",
                "groups": len(region["groups"]),
                "behind": size(max(0, *(group["lag_bytes"] for group in behind), 0)) if behind else None,
                "seconds": max((group["lag_seconds"] or 0 for group in behind), default=None),
            }
        )
    return _table(rows, "region", "it", "groups", "behind", "seconds")


def _members(snapshot: health.Snapshot) -> RenderableType:
    found = pools.by_host(snapshot.database.get("pools", ()))
    rows = [
        {
            "region": member.region,
            "group": member.group,
            "member": member.name,
            "address": member.address,
            "role": member.role,
            "state": member.state,
            "lag": None if member.lag is None else size(member.lag),
        }
        | (_pool(found[member.name]) if member.name in found else {})
        for member in snapshot.members
    ]
    headings = ["region", "group", "member", "address", "role", "state", "lag"]
    if not snapshot.regions:
        headings.remove("region")
    return _table(rows, *headings, *(["clients", "pool", "wait"] if found else []))


def _pool(pool: pools.Pool) -> dict[str, Any]:
    if pool.silent:
        return {"pool": "silent"}
    wait = f"{pool.waiting}, {pool.longest_s} s" if pool.waiting else "0"
    return {"clients": pool.clients, "pool": f"{pool.active} of {pool.total}", "wait": wait}


def _load(metrics: list[dict[str, Any]]) -> Text:
    words = [
        f"{_LOAD.get(metric['metric_name'], metric['metric_name'])} {_number(metric['current_value'])}"
        f" of {_number(metric['target_value'])}" + (" (!)" if metric["status"] == "scaling_needed" else "")
        for metric in metrics
    ]
    return _words("load: " + ", ".join(words))


def _number(value: Any) -> str:
    return "?" if value is None else f"{value:,.1f}".removesuffix(".0")


def _tables(database: dict[str, Any]) -> Iterator[RenderableType]:
    until = {entry["table_name"]: entry["until"] for entry in database["partitions_until"]}
    rows = [
        {
            "table": table["table_name"],
            "primary": table["host"],
            "size": None if table["bytes"] is None else size(table["bytes"]),
            "shards": table["shards"],
            "months": table["partitions"],
            "until": until[table["table_name"]],
        }
        for table in database["tables"]
    ]
    yield _table(rows, "table", "primary", "size", "shards", "months", "until")
    words = [f"{database['cameras']:,} cameras"]
    by_host: dict[str, int] = defaultdict(int)
    for table in database["tables"]:
        by_host[table["host"]] += table["bytes"] or 0
    if len(by_host) > 1 and (uneven := skew(list(by_host.values()))):
        words.append(f"the fullest group holds {uneven:.2f} times the mean")
    if database["citus"]:
        words.append(f"rebalance {database['moving'] or 'none under way'}")
    yield _words(", ".join(words))


def _jobs(database: dict[str, Any]) -> RenderableType:
    rows = [
        {
            "job": job["job_name"].removeprefix("camgrid-"),
            "schedule": job["schedule"],
            "last": job["last_status"] if job["active"] else "off",
            "ended": _ago(job["last_end"]),
        }
        for job in database["jobs"]
    ]
    return _table(rows, "job", "schedule", "last", "ended")


def _rollups(rollups: dict[str, Any]) -> str:
    fresh = f"rollups {rollups['state']}, {rollups['pending']:,} changes to come"
    return fresh if rollups["refreshed_at"] is None else f"{fresh}, as of {_ago(rollups['refreshed_at'])}"


def _backups(standing: Standing) -> str:
    if standing.unknown:
        return f"backups not known: {standing.unknown}"
    drill = f"restore drill {_ago(standing.drill)}" + (" (!)" if standing.drill_failed else "")
    return f"last backup {_ago(standing.backup)}, restore point {_ago(standing.point)}, {drill}"


def _ago(moment: datetime | None) -> str:
    return f"{long_duration((datetime.now(UTC) - moment).total_seconds())} ago" if moment else "never"
