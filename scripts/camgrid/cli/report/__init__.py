"""`camgrid report`: sums over all cameras and shards; one module a group of subcommands."""

from __future__ import annotations

import click

from camgrid.cli.report import counts, growth, missing, page, shape


@click.group(name="report")
def command() -> None:
    """Report over all cameras and shards."""


for _each in (
    counts.command,
    shape.peaks,
    shape.occupancy,
    shape.top,
    missing.silent,
    missing.gaps,
    missing.events,
    growth.command,
    page.command,
):
    command.add_command(_each)
