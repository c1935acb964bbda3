"""An archive that is killed again and again, while late rows come in, ends with every acknowledged row once."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from camgrid import endpoints
from tests.cluster.support import MEASURED
from tests.cluster.waiting import roll_up

pytestmark = pytest.mark.needs_workers
TABLE, MONTH = "counting_results", "1982-05-01"
# Seconds after which it is killed, one run after the other: over all steps of a run, which goes on where the last was.
KILLS = (0.3, 0.6, 0.9, 1.2, 1.6, 2, 2.5, 3)
INSERT = 'INSERT INTO counting_results (camera_id, zone_id, "timestamp", total_count) VALUES (%s, 2, %s, 5)'
COUNT = """
    SELECT count(*), count(*) FILTER (WHERE zone_id = 2) FROM counting_results
    WHERE "timestamp" >= '1982-05-01Z' AND "timestamp" < '1982-06-01Z'
"""


class LateWriter:
    """Inserts rows of the month as docs/applications.md says: again while it is archived, and 23505 means stored."""

    def __init__(self, cluster) -> None:
        self.wanted = endpoints.parameters(cluster.inventory, cluster.topology, "writer", "ingest")
        self.acknowledged, self.held_off, self.other = 0, 0, []
        self._stop, self._thread = threading.Event(), threading.Thread(target=self._write)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _write(self) -> None:
        first = datetime(1982, 5, 10, tzinfo=UTC)
        with psycopg.connect(**self.wanted, autocommit=True) as conn:
            while not self._stop.is_set():
                if self._stored(conn, first + timedelta(seconds=self.acknowledged)):
                    self.acknowledged += 1
                time.sleep(0.02)

    def _stored(self, conn, moment) -> bool:
        try:
            conn.execute(INSERT, (955_000 + self.acknowledged % 64, moment))
        except psycopg.errors.UniqueViolation:
            return True
        except psycopg.errors.CheckViolation as error:
            self.held_off += 1
            if "archiving" not in str(error):
                self.other.append(str(error))
            return False
        except psycopg.Error as error:
            self.other.append(f"{type(error).__name__}: {error}")
            return False
        return True


def archive_and_kill(cluster, after: float) -> str | None:
    """Archives the month in a session that is ended after so many seconds; its outcome when it came to one."""
    with cluster.connect("admin") as victim, cluster.connect("admin") as killer:
        pid = victim.info.backend_pid
        timer = threading.Timer(after, lambda: killer.execute("SELECT pg_terminate_backend(%s::integer)", (pid,)))
        timer.start()
        try:
            return victim.execute("CALL archive_partition(%s, %s)", (TABLE, MONTH)).fetchone()[0]
        except psycopg.OperationalError:
            return None
        finally:
            timer.cancel()
            timer.join()


@pytest.fixture
def month(cluster):
    with cluster.connect("admin") as conn:
        conn.execute("CALL make_partition(%s, %s)", (TABLE, MONTH))
        conn.execute("""
            INSERT INTO counting_results (camera_id, zone_id, "timestamp", total_count)
            SELECT c, 1, minute, 3 FROM generate_series(955000, 955063) AS c,
                generate_series('1982-05-01Z'::timestamptz, '1982-05-02Z', '1 minute') AS minute
        """)
        yield conn
        conn.execute("CALL archive_partition(%s, %s)", (TABLE, MONTH))
        roll_up(conn)
        assert conn.execute("CALL drop_partition(%s, %s)", (TABLE, MONTH)).fetchone() == ("dropped",)


def test_killed_at_many_moments_it_loses_no_late_row(cluster, month):
    before, _ = month.execute(COUNT).fetchone()
    outcomes = []
    with LateWriter(cluster) as writer:
        for seconds in KILLS:
            outcomes.append(archive_and_kill(cluster, seconds))
        outcomes.append(archive_and_kill(cluster, 300))
    assert writer.other == []
    assert month.execute(COUNT).fetchone() == (before + writer.acknowledged, writer.acknowledged)
    storage = "SELECT storage FROM partition_details() WHERE table_name = %s AND start_date = %s"
    assert month.execute(storage, (TABLE, MONTH)).fetchall() == [("columnar",)]
    assert outcomes.count(None) > 0, "none was killed in time"
    assert outcomes[-1] in ("archived", "nothing to do")
    late = f"{writer.acknowledged} late rows stored, {writer.held_off} held off"
    MEASURED.append(f"an archive that was killed {outcomes.count(None)} times: {late}")
