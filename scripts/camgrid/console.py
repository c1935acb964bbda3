"""How camgrid speaks: data on stdout, everything else on stderr. Rich keeps NO_COLOR and pipes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table

# A pipe has no width that a table would have to be folded to.
_PIPE_WIDTH = 10_000


class _Out(Console):
    """A console whose reader may go away (`| head`): that is told to main(), which makes it no failure."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


out = _Out(highlight=False, soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else _PIPE_WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def say(text: str) -> None:
    """A line for the reader, on stderr, without markup."""
    err.print(text, markup=False)


def emit_json(data: Any) -> None:
    """data as JSON on stdout; dates and decimals as strings, so that nothing is rounded."""
    sys.stdout.write(json.dumps(data, default=str, indent=2, ensure_ascii=False) + "\n")


def emit_table(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], title: str = "") -> None:
    """Rows as a table on stdout. columns: key in the row → heading; numbers align right."""
    out.print(table_of(rows, columns, title))


def table_of(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], title: str = "") -> Table:
    """The table that emit_table prints, for whoever shows it among other things."""
    rows = list(rows)
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for key, heading in columns.items():
        numeric = any(isinstance(row.get(key), int | float) for row in rows)
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(key)) for key in columns))
    return table


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def confirm(plan: str, *, yes: bool) -> None:
    """Shows what is about to change and asks. Without a terminal it never waits: it refuses.

    Raises click.Abort when the answer is no, click.UsageError when nobody can answer.
    """
    say(plan)
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("this changes the cluster and nobody is there to be asked: add --yes")
    click.confirm("Go on?", abort=True, err=True)


def confirm_by_name(plan: str, name: str, *, yes: bool, given: str | None) -> None:
    """Shows what would be destroyed and wants the cluster's name typed. `--yes` answers only together with the name.

    given: the name from the command line. Raises click.Abort for a name typed wrongly, click.UsageError when the
    one given is not this cluster's or nobody can answer.
    """
    say(plan)
    if given is not None and given != name:
        raise click.UsageError(f"this cluster is {name}, not {given}: nothing was changed")
    if yes and given:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"this destroys data and nobody is there to be asked: add --yes --cluster {name}")
    if click.prompt(f"Type the cluster's name ({name}) to go on", err=True) != name:
        raise click.Abort
