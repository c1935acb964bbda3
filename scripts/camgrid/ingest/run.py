"""The import itself: chunk after chunk, each in one transaction with the record of how far it got.

While one chunk is being stored, the next is read and checked.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

import psycopg

from camgrid.console import say
from camgrid.errors import CamgridError
from camgrid.ingest import catalog, store
from camgrid.ingest.clock import Months, Stamps
from camgrid.ingest.job import Job
from camgrid.ingest.log import Log, Progress
from camgrid.ingest.rejects import RejectsFile, kind
from camgrid.ingest.rows import Checked, Validator
from camgrid.ingest.session import UNIQUE_VIOLATION, Connect, Session, code
from camgrid.ingest.source import DamagedError, Source

AGAIN = "run the same command again to go on"


@dataclass
class Summary:
    """What an import did. The rows add up: read = stored + present + rejected, all of the whole file.

    handled: rows that this run dealt with, without those that an earlier one had; seconds: of this run.
    """

    progress: Progress = field(default_factory=Progress)
    rows_read: int = 0
    handled: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    cameras: int = 0
    partitions: int = 0
    resumed_at: int = 0
    seconds: float = 0.0


class Import:
    """One run of an import. Watch `summary` for how far it is."""

    def __init__(self, job: Job, connect: Connect, watch: Callable[[Source], None] = lambda source: None) -> None:
        """connect: opens a writer's connection in autocommit mode; watch: is called after every chunk."""
        self.job, self._watch = job, watch
        self.session = Session(connect)
        self.summary = Summary()
        self.log = Log(job.key, job.path.name)
        self.rejects = RejectsFile(job.rejects)
        # Straight COPY until a chunk holds rows that are there already.
        self._merging = False

    def run(self) -> Summary:
        """Imports the file, or what an earlier run left of it. Raises CamgridError saying how far it got."""
        started = time.monotonic()
        self.rejects.check(self.job.path)
        source = self.job.open()
        try:
            self._run(source)
        except CamgridError as error:
            again = "" if isinstance(error, DamagedError) else f": {AGAIN}"
            error.hint = "; ".join(filter(None, (error.hint, self._how_far() + again)))
            raise
        except KeyboardInterrupt:
            say(f"{self._how_far()}: {AGAIN}")
            raise
        finally:
            source.close()
            self.session.close()
            self.summary.seconds = time.monotonic() - started
        return self.summary

    def _how_far(self) -> str:
        done = self.summary.progress
        return f"{done.rows:,} rows, up to line {done.lines_done:,}, are done"

    def _run(self, source: Source) -> None:
        self._begin()
        validator = self._validator(source)
        self._skip(source, validator)
        stored: Future | None = None
        with ThreadPoolExecutor(max_workers=1) as pool:
            try:
                while block := source.block(self.job.chunk):
                    checked = validator.check(block)
                    # Not before: a month cannot be made while a COPY runs.
                    self._settle(stored)
                    self._prepare(checked)
                    stored = pool.submit(self.session.do, partial(self._commit, checked=checked))
                    self.summary.rows_read += block.rows
                    self._watch(source)
                self._settle(stored)
            except BaseException:
                self.session.give_up()
                raise
        done = self.summary.progress
        if done.rows != self.summary.rows_read:
            raise CamgridError(f"{self.summary.rows_read} rows were read, {done.rows} accounted for: a defect")
        finished = replace(done, finished_at=datetime.now(UTC))
        self.session.do(partial(self.log.write, progress=finished))
        self.summary.progress = finished

    def _settle(self, stored: Future | None) -> None:
        """Waits for the chunk that is being stored, if one is, and counts it."""
        if stored:
            before = self.summary.progress
            self._advance(stored.result())
            self.summary.handled += self.summary.progress.rows - before.rows

    def _begin(self) -> None:
        done = self.session.do(self.log.begin)
        if done.finished_at:
            say(f"imported completely at {done.finished_at:%Y-%m-%d %H:%M %Z}; every row is looked at again")
        elif not self.rejects.has(done.rejects_bytes):
            say(f"{self.rejects.path}: the rejects of the earlier run are gone; every row is looked at again")
        else:
            self.summary.progress, self.summary.resumed_at = done, done.lines_done
            if done.lines_done:
                self.rejects.write(done.rejects_bytes, [])
                self.summary.kinds = self.rejects.kinds()
                say(f"going on after line {done.lines_done:,}")
            return
        self._merging = True
        self.session.do(partial(self.log.write, progress=Progress()))

    def _validator(self, source: Source) -> Validator:
        self._months = Months(self.session.do(catalog.partitions), self.job.make_partitions)
        stamps = Stamps(self.job.zone, datetime.now(UTC) + self.job.tolerance, self._months)
        validator = Validator(source.positions(self.job.columns), stamps, self.job.camera, self.job.default_zone)
        validator.know(self.session.do(catalog.cameras))
        self._columns = validator.columns
        return validator

    def _skip(self, source: Source, validator: Validator) -> None:
        """Reads what is done already: which of two instants a local time means depends on the rows before it."""
        done = self.summary.progress.lines_done
        while source.line < done and (block := source.block(min(self.job.chunk, done - source.line))):
            validator.check(block)
            self.summary.rows_read += block.rows

    def _prepare(self, checked: Checked) -> None:
        """Makes the partitions and cameras that a chunk needs; both are harmless without the chunk."""
        for month in sorted(self._months.missing):
            self.session.do(partial(catalog.make_partition, month=month))
            self.summary.partitions += 1
        if self._months.missing:
            self._months.made(self.session.do(catalog.partitions))
        if checked.cameras:
            zone = self.job.zone.key if self.job.zone else "UTC"
            self.summary.cameras += self.session.do(partial(catalog.register, cameras=checked.cameras, zone=zone))

    def _commit(self, connection: psycopg.Connection, checked: Checked) -> tuple[Progress, list[str] | None]:
        """Stores a chunk unless that is done: the answer to an earlier commit may have been lost."""
        if not self._merging:
            try:
                return self._store(connection, checked, store.copy)
            except psycopg.Error as error:
                # XX000 may be anything that a worker said: the temporary table, which is here, says what it is.
                if code(error) not in (UNIQUE_VIOLATION, "XX000") and not isinstance(error, psycopg.DataError):
                    raise
                self._merging = True
        return self._store(connection, checked, store.merge)

    def _store(
        self, connection: psycopg.Connection, checked: Checked, way: Callable
    ) -> tuple[Progress, list[str] | None]:
        before = self.summary.progress
        with connection.transaction():
            now = self.log.read(connection)
            if now.lines_done == checked.block.end:
                return now, None
            if now.lines_done != before.lines_done:
                raise CamgridError(
                    f"camgrid.import_log says line {now.lines_done:,}, not {before.lines_done:,}: another import of"
                    " this file is running, or a failover lost its last entry"
                )
            lines = checked.lines
            outcome = way(connection, self._columns, lines) if lines else store.Outcome()
            refused = [checked.refused(checked.rows[n], reason) for n, reason in outcome.refused]
            rejects = sorted([*checked.rejects, *refused])
            after = Progress(
                lines_done=checked.block.end,
                rows_stored=before.rows_stored + outcome.stored,
                rows_present=before.rows_present + outcome.present,
                rows_rejected=before.rows_rejected + len(rejects),
                rejects_bytes=self.rejects.write(before.rejects_bytes, rejects),
            )
            self.log.write(connection, after)
        self._merging = outcome.stored < len(lines) if lines else self._merging
        return after, [reject.reason for reject in rejects]

    def _advance(self, committed: tuple[Progress, list[str] | None]) -> None:
        self.summary.progress, reasons = committed
        if reasons is None:
            self.summary.kinds = self.rejects.kinds()
        else:
            self.summary.kinds.update(map(kind, reasons))
