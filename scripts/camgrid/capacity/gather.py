"""Asks the running cluster what a row takes: its primaries, and the repository of its backups."""

from __future__ import annotations

from dataclasses import replace

import psycopg

from camgrid.backup.repository import Repository, Stanza
from camgrid.capacity.costs import CONSTANTS
from camgrid.capacity.measured import Measured, ask, measure, observe
from camgrid.cli.app import App
from camgrid.console import say
from camgrid.errors import CamgridError


def gather(app: App, seconds: int = 0) -> Measured:
    """What was measured, now. CamgridError when the cluster does not answer or lacks the functions for it.

    seconds: for so long its WAL is observed; 0: it is not.
    """
    with app.connect("monitor", autocommit=True) as connection:
        where = connection.execute("SELECT coalesce(nullif(current_setting('cluster_name'), ''), 'PostgreSQL')")
        name = where.fetchone()[0]
        try:
            stored = ask(connection)
            if seconds:
                say(f"observing WAL for {seconds} s")
            wal = observe(connection, seconds) if seconds else None
        except psycopg.errors.UndefinedFunction as error:
            raise CamgridError(
                f"the cluster is not asked: {error.diag.message_primary}",
                where=name,
                hint="camgrid schema apply, or --constants",
            ) from error
    found = measure(CONSTANTS, stored, wal, _stanzas(app))
    if not app.inventory_path:
        return replace(found, where=name)
    groups = [group for group in app.topology.groups() if group] if app.topology.sharded else []
    return replace(found, where=app.topology.cluster, workers=len(groups) or None)


def _stanzas(app: App) -> list[Stanza]:
    """What the repository has; nothing, said, where there is none or its host does not answer."""
    if not app.inventory_path or not app.topology.backups():
        return []
    try:
        return Repository(app.inventory, app.topology).stanzas()
    except CamgridError as error:
        say(f"backups are not measured: {error}")
        return []
