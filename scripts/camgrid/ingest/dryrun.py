"""`camgrid import --dry-run`: reads and checks the whole file, asks the database, changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from camgrid.ingest import catalog
from camgrid.ingest.clock import Months, Stamps
from camgrid.ingest.job import Job
from camgrid.ingest.log import Progress
from camgrid.ingest.rejects import RejectsFile, kind
from camgrid.ingest.rows import Validator
from camgrid.ingest.run import Summary
from camgrid.ingest.session import Connect, Session
from camgrid.ingest.source import Source


def dry_run(job: Job, connect: Connect, watch: Callable[[Source], None], rejects: RejectsFile | None = None) -> Summary:
    """What the import would do, as far as the file tells: it is not compared with the results stored.

    rows_stored counts the valid rows. rejects: where to write the others, if anywhere.
    """
    started, summary, session = time.monotonic(), Summary(), Session(connect)
    source = job.open()
    try:
        months = Months(session.do(catalog.partitions), job.make_partitions)
        stamps = Stamps(job.zone, datetime.now(UTC) + job.tolerance, months)
        validator = Validator(source.positions(job.columns), stamps, job.camera, job.default_zone)
        validator.know(session.do(catalog.cameras))
        valid = rejected = size = 0
        while block := source.block(job.chunk):
            checked = validator.check(block)
            valid, rejected = valid + len(checked.lines), rejected + len(checked.rejects)
            size = rejects.write(size, checked.rejects) if rejects else 0
            summary.kinds.update(kind(reject.reason) for reject in checked.rejects)
            summary.rows_read += block.rows
            summary.cameras += len(checked.cameras)
            watch(source)
    finally:
        source.close()
        session.close()
    summary.progress = Progress(source.line, rows_stored=valid, rows_rejected=rejected)
    summary.handled, summary.partitions = summary.rows_read, len(months.missing)
    summary.seconds = time.monotonic() - started
    return summary
