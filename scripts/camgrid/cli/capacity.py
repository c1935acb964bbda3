"""`camgrid capacity`: how many hosts, drives and how much memory, and when the next worker is due."""

from __future__ import annotations

import os
from typing import Any

import click

from camgrid.capacity import answer, quantities
from camgrid.capacity.costs import CONSTANTS
from camgrid.capacity.gather import gather
from camgrid.capacity.hardware import LAYOUTS, Host
from camgrid.capacity.measured import Measured
from camgrid.capacity.model import Workload
from camgrid.capacity.plan import plan
from camgrid.capacity.purchase import Copies
from camgrid.capacity.show import show
from camgrid.cli.app import App, json_option
from camgrid.console import emit_json, say
from camgrid.errors import EXIT_OK, EXIT_UNHEALTHY, UsageError


class Quantity(click.ParamType):
    """An option in words of camgrid.capacity.quantities; its mistakes are theirs."""

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Into a number."""
        if not isinstance(value, str) or (self.name == "months" and value == "never"):
            return value
        try:
            return getattr(quantities, self.name)(value)
        except UsageError as error:
            self.fail(f"{error.what}: {error.hint}", param, ctx)


RATE, MONTHS, SIZE, PERCENT = (Quantity(name) for name in ("rate", "months", "size", "percent"))


def _option(name: str, kind: Any, default: Any, text: str) -> Any:
    return click.option(name, type=kind, default=default, show_default=default is not None, help=text)


@click.command("capacity")
@_option("--cameras", click.IntRange(1), None, "How many.")
@_option("--monthly", SIZE, None, "Instead of --cameras: what a month takes in plain tables with indexes, such as 1TB.")
@_option("--rate", RATE, None, "Results of a camera, over all its zones: 1/s, 6/min, 1/h.")
@_option("--events", click.FloatRange(0), 20.0, "Of a camera a day.")
@_option("--zones", click.IntRange(1), 1, "Of a camera.")
@_option("--batch", click.IntRange(1), 1, "Results of a camera that come in one statement.")
@_option("--frame-data", click.IntRange(0, 1900), 0, "Bytes of JSON with each result.")
@_option("--retention", MONTHS, "24mo", "Full months that rows are kept: 24mo, 2y.")
@_option("--archive-after", MONTHS, "6mo", 'Full months until a month becomes columnar, or "never".')
@_option("--growth", PERCENT, "0%", "More cameras each year.")
@_option("--history", MONTHS, None, "Months stored at the start.  [default: 0mo, or what the cluster has]")
@_option("--stored", SIZE, None, "Instead of --history: bytes stored at the start, in plain tables with indexes.")
@_option("--reads", click.FloatRange(0), 0.0, "A second: the newest result of a camera, through camgrid.router.")
@_option("--replicas", click.IntRange(0, 4), 1, "Of each group, beside its primary.")
@_option("--regions", click.IntRange(1, 2), 1, "The second has one member of each group.")
@_option(
    "--keep-full", click.IntRange(1), 4, "Weekly full backups kept, with daily ones and WAL (pgbackrest_keep_full)."
)
@_option("--drives", click.IntRange(1), 2, "NVMe drives of a database host.")
@_option("--drive-size", SIZE, "3.84TB", "Of each.")
@_option("--layout", click.Choice(LAYOUTS), "separate", "separate: one drive for WAL, the others for data.")
@_option("--memory", SIZE, "128GiB", "Of a database host.")
@_option("--cores", click.IntRange(1), 16, "Of a database host.")
@_option("--headroom", PERCENT, "30%", "Of a drive that stays free.")
@_option("--shards", click.IntRange(1), None, "Of each table.  [default: as the plan needs]")
@_option("--lasts", MONTHS, "12mo", "How long the first purchase is to be enough.")
@_option("--workers", click.IntRange(1), None, "Worker groups that are there.  [default: those of the inventory]")
@_option("--hosts", click.IntRange(1), None, "Servers that are there or allowed: are they enough, and for how long?")
@_option("--observe", click.IntRange(10, 86_400), None, "Seconds in which the cluster's WAL is measured; 900 is best.")
@click.option("--constants", is_flag=True, help="Do not ask the cluster what a row takes.")
@json_option
@click.pass_obj
def command(app: App, constants: bool, as_json: bool, **given: Any) -> int:
    """Plan hosts, drives and memory for a number of cameras, and say when the next worker is due.

    With a cluster (-i, or libpq's PGHOST) bytes of a row are measured there, otherwise they are those of a lab. Sizes
    are decimal (1 TB = 10^12 bytes), as drives are sold. Ends with 3 when what is there is not enough today.
    """
    found = Measured(CONSTANTS, {}, {}, 0)
    if not constants and (app.inventory_path or os.environ.get("PGHOST") or os.environ.get("PGSERVICE")):
        found = gather(app, given["observe"] or 0)
        given["workers"] = given["workers"] or found.workers
    work = _workload(given, found)
    host = Host(
        given["drives"], given["drive_size"], given["layout"], given["memory"], given["cores"], given["headroom"]
    )
    names = ("shards", "reads", "lasts", "workers")
    planned = plan(work, found.costs, host, kept=given["keep_full"], **{name: given[name] for name in names})
    told = answer.answer(planned, Copies(given["replicas"], given["regions"]), found, given["hosts"])
    if as_json:
        emit_json(told)
    else:
        show(told)
    for each in told["notes"]:
        say(each)
    return EXIT_OK if told["enough_today"] else EXIT_UNHEALTHY


def _workload(given: dict[str, Any], found: Measured) -> Workload:
    """What the options say, and what the cluster has where they say nothing. UsageError for what they contradict."""
    if given["rate"] is None:
        raise UsageError("how many results does a camera send?", hint="--rate 1/s, 6/min or 1/h")
    if (given["cameras"] is None) == (given["monthly"] is None):
        raise UsageError("one of --cameras and --monthly says how much comes", hint="--cameras 1000")
    if given["history"] is not None and given["stored"] is not None:
        raise UsageError("--history and --stored say the same in two ways", hint="leave one out")
    after = None if given["archive_after"] == "never" else given["archive_after"]
    if "never" in (given["retention"], given["history"], given["lasts"]):
        raise UsageError('"never" is for --archive-after only', hint="such as --retention 24mo")
    names = ("rate", "events", "zones", "batch", "frame_data", "retention", "growth")
    work = Workload(given["cameras"] or 1, archive_after=after, **{name: given[name] for name in names}).check()
    return answer.filled(work, found, given["monthly"], given["stored"], given["history"])
