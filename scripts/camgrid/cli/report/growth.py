"""`camgrid report growth`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import psycopg

from camgrid.cli.app import App
from camgrid.cli.report.options import Shape, output_options
from camgrid.console import say
from camgrid.report import events, growth
from camgrid.report.ranges import of
from camgrid.report.scope import Wanted, look
from camgrid.units import size


@click.command("growth")
@output_options
@click.pass_obj
def command(app: App, shape: Shape) -> None:
    """Show rows and bytes of each month (UTC) of each table, and where that leads."""
    wanted = Wanted(of(None, None, "UTC"))
    rows: dict[Any, int] = {}
    about = {"report": "growth", "timezone": "UTC"}
    source = ""
    with app.connect("reporter", autocommit=True) as connection:
        scope = look(connection, wanted)
        choice = scope.choice(growth.MONTH)
        about |= {"source": choice.source, "why": choice.why}
        source = scope.words(choice)
        rows |= growth.result_rows(connection, scope)
    rows |= _asked(app, events.ROLE, lambda connection: growth.event_count(connection, scope), "events are not counted")
    found = growth.months(rows, _asked(app, "monitor", growth.stored, "bytes are missing"))
    about["trend"] = growth.trend(found)
    shape.show((month.row() for month in found), growth.COLUMNS, about, figure="rows", nothing="no months")
    for each in about["trend"]:
        say(_words(each))
    say(source)


def _asked(app: App, role: str, ask: Callable[[psycopg.Connection], dict], missing: str) -> dict:
    """An answer that another role may read; empty, and told, when it may not."""
    with app.connect(role, autocommit=True) as connection:
        try:
            return ask(connection)
        except psycopg.errors.InsufficientPrivilege as error:
            say(f"{missing}: {str(error).splitlines()[0]}; connect as camgrid_{role}, or name a cluster with -i")
            return {}


def _words(trend: dict[str, Any]) -> str:
    """The trend of a table, for a reader."""
    table, total = trend["table_name"], size(trend["bytes"])
    if not trend["months"]:
        return f"{table}: {total}, and no whole month with rows yet"
    percent = trend["percent_a_month"]
    growing = f", {percent:+.1f} % a month" if percent is not None else ""
    return (
        f"{table}: {total}; {trend['rows_a_month']:,} rows and {size(trend['bytes_a_month'])} a month over the last "
        f"{trend['months']}{growing}; at that pace {size(trend['bytes_in_a_year'])} after 12 months more"
    )
