#!/usr/bin/env python3
"""Results written, read and reported with camgrid.router. Usage: with_router.py [SECONDS [CAMERA]]

CAMGRID_ENDPOINTS names a file that `camgrid -i INVENTORY endpoints --role writer --json` wrote, PGPASSFILE one with a
line for each role. It writes as eight cameras, CAMERA and those after it. Why it does so: ../router.md.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import psycopg
from ledger import PACE_S, Ledger

from camgrid.router import Router, RouterError

PATIENCE_S = 60  # a lost host is replaced within half of it
RESULT = """
    INSERT INTO counting_results (camera_id, "timestamp", count_in) VALUES (%s, %s, %s)
    ON CONFLICT (camera_id, zone_id, "timestamp") DO UPDATE SET count_in = excluded.count_in"""
HISTORY = (
    'SELECT count(*), sum(count_in), max("timestamp") FROM counting_results WHERE camera_id = %s AND "timestamp" >= %s'
)
REPORT = HISTORY.replace("= %s", "= ANY(%s)", 1)
STORED = 'SELECT camera_id, "timestamp", count_in FROM counting_results WHERE camera_id = ANY(%s) AND "timestamp" >= %s'


def main() -> int:
    """Writes, reads, reports, and compares what was acknowledged with what is stored."""
    settings, ledger = json.loads(Path(os.environ["CAMGRID_ENDPOINTS"]).read_text()), Ledger(*map(int, sys.argv[1:]))
    mine = ledger.cameras, ledger.started
    with Router.from_settings(settings, patience_s=PATIENCE_S) as router:
        while result := ledger.new():
            # An upsert of a result that was decided once: harmless to do twice, so the router may.
            router.write(result.camera, RESULT, (result.camera, result.at, result.count), retry=True)
            ledger.acknowledge(result)
            time.sleep(PACE_S)
        each = router.read_many([(camera, (camera, ledger.started)) for camera in ledger.cameras], HISTORY)
        print("own nodes:", ", ".join(str(count) for [(count, _, _)] in each))
        ledger.answered("read", *router.ask("read", REPORT, mine)[0])
        stored = router.ask("write", STORED, mine, retry=True)
    with Router.from_settings(settings | {"user": "camgrid_reporter"}) as reporter:
        try:
            ledger.answered("analytics", *reporter.analytics(REPORT, mine)[0])
        except psycopg.errors.InternalError_ as error:  # a group lost its replica: reports wait, and never slow ingest
            print("analytics: not now:", error)
    return ledger.verdict(stored, columns=3)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RouterError, psycopg.Error) as failure:
        sys.exit(f"error: {failure}")
