"""`camgrid import`: a file of counting results into the database, every row once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from camgrid.cli.app import App, json_option
from camgrid.console import emit_json, err, say
from camgrid.errors import EXIT_FAILED, EXIT_OK, UsageError
from camgrid.ingest.clock import duration
from camgrid.ingest.dryrun import dry_run
from camgrid.ingest.formats import FORMATS
from camgrid.ingest.job import Job, plan
from camgrid.ingest.mapping import TARGETS
from camgrid.ingest.rejects import RejectsFile
from camgrid.ingest.run import Import, Summary
from camgrid.ingest.source import Source

_KINDS_SHOWN = 5


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "file_format", type=click.Choice(FORMATS), help="By default the name tells.")
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="TARGET=COLUMN",
    help=f"Column of the file that fills a target; by default the one of its name. Targets: {', '.join(TARGETS)}.",
)
@click.option("--timezone", metavar="ZONE", help="Zone of timestamps without an offset, such as Australia/Melbourne.")
@click.option("--camera", type=click.IntRange(1, 2**31 - 1), help="Camera of every row, for a file that names none.")
@click.option(
    "--zone",
    "default_zone",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Zone of the camera's view, for a file that names none.",
)
@click.option("--make-partitions", is_flag=True, help="Make the months that are missing.")
@click.option(
    "--rejects", type=click.Path(path_type=Path), help="Where rejected rows go.  [default: FILE.rejects.csv here]"
)
@click.option(
    "--chunk", type=click.IntRange(1, 1_000_000), default=50_000, show_default=True, help="Lines in one transaction."
)
@click.option("--future-tolerance", default="5m", show_default=True, help="How far ahead a camera's clock may be.")
@click.option("--strict", is_flag=True, help="Exit with 1 when a row was rejected.")
@click.option("--dry-run", is_flag=True, help="Check the file, change nothing.")
@click.option("--yes", is_flag=True, help="Accepted as everywhere; an import asks nothing.")
@json_option
@click.pass_obj
def command(
    app: App,
    file: Path,
    rejects: Path | None,
    future_tolerance: str,
    strict: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Import counting results from FILE: CSV with a header, or NDJSON, plain or gzip.

    Every row is stored once, or written to the rejects file with the reason. Stopped in any way, the same
    command goes on where it was; run again after its end, it finds everything in place and counts nothing twice.

    Timestamps without an offset are local in --timezone. Those that daylight saving skips are rejected. Of an
    hour that happens twice, a camera's zone has first the earlier and then the later one.
    """
    if str(file) == "-":
        raise UsageError("an import from a stream could not be resumed", hint="save it to a file first")
    job = plan(file, rejects=rejects, tolerance=duration(future_tolerance), **options)
    _say_plan(job)
    with _progress(job) as watch:
        summary = _dry_run(app, job, rejects, watch) if dry_run else Import(job, _writer(app), watch).run()
    if as_json:
        emit_json(_as_json(job, summary, dry_run))
    else:
        _say_summary(job, summary, dry_run, bool(rejects))
    return EXIT_FAILED if strict and summary.progress.rows_rejected else EXIT_OK


def _writer(app: App) -> Callable:
    # Prepared statements would tie a pooled connection to this session.
    return lambda: app.connect("writer", autocommit=True, prepare_threshold=None)


def _dry_run(app: App, job: Job, rejects: Path | None, watch: Callable[[Source], None]) -> Summary:
    file = RejectsFile(job.rejects) if rejects else None
    if file:
        file.check(job.path)
    return dry_run(job, lambda: app.connect("reader", autocommit=True), watch, file)


@contextmanager
def _progress(job: Job) -> Iterator[Callable[[Source], None]]:
    """What shows how much of the file is read: a bar on a terminal, nothing elsewhere."""
    columns = (TextColumn(job.path.name), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("import", total=job.path.stat().st_size)
        yield lambda source: progress.update(task, completed=source.position())


def _say_plan(job: Job) -> None:
    say("  ".join(f"{target} ← {column}" for target, column in job.columns.items()))
    if job.ignored:
        say(f"columns not imported: {', '.join(job.ignored)}")


def _say_summary(job: Job, summary: Summary, dry: bool, rejects_written: bool) -> None:
    done = summary.progress
    say(
        f"{job.path.name}: {summary.rows_read:,} rows read; {summary.handled:,} handled"
        f" in {summary.seconds:.1f} s ({_rate(summary):,} rows/s)"
    )
    if dry:
        say(f"  {done.rows_stored:,} valid (not compared with what is stored; nothing was changed)")
    else:
        say(f"  {done.rows_stored:,} stored, {done.rows_present:,} already there")
    where = f", see {job.rejects}" if done.rows_rejected and (rejects_written or not dry) else ""
    say(f"  {done.rows_rejected:,} rejected{where}")
    common = summary.kinds.most_common(_KINDS_SHOWN)
    for reason, count in common:
        say(f"    {count:>9,}  {reason}")
    if others := summary.kinds.total() - sum(count for _, count in common):
        say(f"    {others:>9,}  for other reasons")
    verb = "would be" if dry else "were"
    say(f"  {summary.cameras:,} cameras {verb} registered, {summary.partitions:,} partitions {verb} made")


def _rate(summary: Summary) -> int:
    return round(summary.handled / summary.seconds) if summary.seconds else 0


def _as_json(job: Job, summary: Summary, dry: bool) -> dict[str, Any]:
    done = summary.progress
    return {
        "file": str(job.path),
        "import_key": job.key,
        "dry_run": dry,
        "rows_read": summary.rows_read,
        "rows_stored": done.rows_stored,
        "rows_present": done.rows_present,
        "rows_rejected": done.rows_rejected,
        "reasons": dict(summary.kinds.most_common()),
        "rejects_file": str(job.rejects) if done.rejects_bytes else None,
        "cameras_registered": summary.cameras,
        "partitions_made": summary.partitions,
        "resumed_at_line": summary.resumed_at,
        "seconds": round(summary.seconds, 3),
        "rows_per_second": _rate(summary),
    }
