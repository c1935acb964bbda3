"""`camgrid alerts`: what the database has raised, who is at it, and what it is raised at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal

import click
import psycopg
from rich.markup import escape

from camgrid import alerts
from camgrid.alerts import Alert, Threshold
from camgrid.cli.app import App, json_option
from camgrid.console import confirm, emit_json, emit_table, out, say
from camgrid.errors import EXIT_OK, UsageError
from camgrid.partitions.months import sign
from camgrid.units import long_duration

# Resolved ones that --all shows.
_RESOLVED = 50
_note = click.option("--note", metavar="TEXT", help="What you know of it, for whoever looks next.")
_ids = click.argument("ids", metavar="ID...", type=int, nargs=-1, required=True)


@click.group("alerts")
def command() -> None:
    """Alerts: list, acknowledge, resolve, and what each is raised at."""


@command.command("list")
@click.option("--all", "everything", is_flag=True, help=f"Also the {_RESOLVED} that were resolved last.")
@json_option
@click.pass_obj
def list_alerts(app: App, everything: bool, as_json: bool) -> int:
    """List the alerts that stand, the gravest first, each with what to do."""
    with app.connect("monitor", autocommit=True) as conn:
        found = alerts.listed(conn, resolved=_RESOLVED if everything else 0)
    if as_json:
        emit_json({"alerts": [asdict(alert) for alert in found]})
        return EXIT_OK
    if not found:
        out.print("[green]no alert[/green]")
    for alert in found:
        _show(alert)
    return EXIT_OK


@command.command()
@_ids
@_note
@json_option
@click.pass_obj
def acknowledge(app: App, ids: tuple[int, ...], note: str | None, as_json: bool) -> int:
    """Say that you are at it: the alert stays, and `camgrid check` does not tell of it any more."""
    return _each(app, ids, note, as_json, alerts.acknowledge, "acknowledged")


@command.command()
@_ids
@_note
@json_option
@click.pass_obj
def resolve(app: App, ids: tuple[int, ...], note: str | None, as_json: bool) -> int:
    """End an alert by hand. Alerts resolve themselves; where the cause still stands, another one is raised."""
    return _each(app, ids, note, as_json, alerts.resolve, "resolved")


@command.command()
@click.argument("kind", required=False)
@click.option("--value", type=str, metavar="NUMBER", help="Raise it at more than this.")
@click.option("--after", metavar="MINUTES", type=click.FloatRange(min=0), help="Once it has stood for so long.")
@click.option("--on/--off", "enabled", default=None, help="Whether it is raised at all.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def thresholds(
    app: App, kind: str | None, value: str | None, after: float | None, enabled: bool | None, yes: bool, as_json: bool
) -> int:
    """Show what alerts are raised at and why; with KIND and --value, --after, --on or --off change it."""
    wanted = {
        "value": None if value is None else _number(value),
        "after": None if after is None else timedelta(minutes=after),
        "enabled": enabled,
    }
    changes = any(each is not None for each in wanted.values())
    if changes and not kind:
        raise UsageError("of which kind?", hint="camgrid alerts thresholds lists them")
    with _admin(app) if changes else app.connect("monitor", autocommit=True) as conn:
        found = [each for each in alerts.thresholds(conn) if kind in (None, each.trigger_type)]
        if not found:
            raise UsageError(f"no alert is of the kind {kind}", hint="camgrid alerts thresholds lists them")
        if changes:
            told = ", ".join(f"{name} {each}" for name, each in wanted.items() if each is not None)
            confirm(f"  {kind}: {told} (now {_told(found[0])})", yes=yes)
            alerts.set_threshold(conn, kind, **wanted)
            found = [each for each in alerts.thresholds(conn) if each.trigger_type == kind]
    if as_json:
        emit_json({"thresholds": [asdict(each) for each in found]})
        return EXIT_OK
    rows = [asdict(each) | {"raised": _told(each)} for each in found]
    emit_table(
        rows, {"trigger_type": "kind", "raised": "raised", "severity": "severity", "set_by": "by", "reason": "why"}
    )
    return EXIT_OK


def _each(
    app: App,
    ids: tuple[int, ...],
    note: str | None,
    as_json: bool,
    act: Callable[[psycopg.Connection, int, str | None], Alert],
    word: str,
) -> int:
    done = []
    with _admin(app) as conn:
        for number in ids:
            done.append(act(conn, number, note))
            say(f"{word} alert {number}: {done[-1].title}, {done[-1].subject}")
    if as_json:
        emit_json({"alerts": [asdict(alert) for alert in done]})
    return EXIT_OK


@contextmanager
def _admin(app: App) -> Iterator[psycopg.Connection]:
    """The operator's own certificate: a monitor's password, which many tools hold, can silence nothing."""
    with app.connect("admin", autocommit=True) as conn:
        sign(conn, say)
        yield conn


def _show(alert: Alert) -> None:
    colour = {"open": "red", "acknowledged": "yellow"}.get(alert.status, "green")
    since = f"since {alert.raised_at:%Y-%m-%d %H:%M} UTC"
    if alert.resolved_at:
        lasted = long_duration((alert.resolved_at - alert.raised_at).total_seconds())
        since = f"{since} for {lasted}, resolved by {alert.resolved_by}"
    elif alert.acknowledged_by:
        since += f", {alert.acknowledged_by} is at it"
    head = f"{alert.id} {alert.severity} {alert.status}"
    out.print(f"[{colour}]{escape(head)}[/{colour}] {escape(f'{alert.subject}: {alert.title} {since}')}")
    out.print(f"      {alert.message}", markup=False)
    if alert.note:
        out.print(f"      note: {alert.note}", markup=False)
    if not alert.resolved_at:
        out.print(f"      next: {alert.next_step}", markup=False)


def _told(threshold: Threshold) -> str:
    if not threshold.enabled:
        return "never"
    per = "" if threshold.per == "cluster" else f" for each {threshold.per}"
    after = long_duration(threshold.raise_after.total_seconds())
    return f"above {threshold.threshold:f} {threshold.unit}{per}, after {after}"


def _number(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except ArithmeticError:
        value = Decimal(-1)
    if not value.is_finite() or value < 0:
        raise UsageError(f"{text!r} is no number from 0 on", hint="such as --value 250")
    return value
