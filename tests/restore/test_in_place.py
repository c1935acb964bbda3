"""The whole cluster back to one point: exact amid writers, after an earlier restore, and killed half way."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from camgrid.backup import restore as restores
from camgrid.backup.points import Point
from camgrid.chaos import verify
from camgrid.cli.app import App
from tests.cluster.support import MEASURED, ROOT
from tests.cluster.waiting import settle, until
from tests.restore.conftest import CAMERAS, ROWS, command, restore

pytestmark = pytest.mark.larger
NEVER = datetime.min.replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def restored(cluster, points):
    """The verdict of a restore to the point amid writers."""
    settle(cluster)
    started = time.monotonic()
    verdict = restore(cluster, points.busy)
    rows = ", ".join(f"{table} {count:,}" for table, count in verdict["rows"].items())
    MEASURED.append(
        f"restore of {len(cluster.topology.groups())} groups in place ({rows}): {time.monotonic() - started:.0f} s"
    )
    return verdict


def test_every_write_before_the_point_is_there_and_none_after_it(cluster, points, restored):
    assert restored["true"]
    with cluster.connect("admin") as conn:
        looks = verify.stored(conn)
    verdict = verify.compare(points.ledger.sent, points.before, *looks)
    assert len(points.before) > 100
    assert verdict.true, verdict
    later = {row for write in points.ledger.sent[points.after :] for row in write.rows}
    assert len(later) > 100
    assert not later & set().union(*looks)


def test_all_members_are_back_and_streaming(cluster, restored):
    settle(cluster)
    assert {member["state"] for member in cluster.json("status")["members"]} <= {"running", "streaming"}


def test_it_archives_and_can_be_backed_up_on_its_new_timeline(cluster, restored):
    made = command(cluster, "backup", "point", f"after-{time.time():.0f}")
    assert min(group["timeline"] for group in made["groups"]) > 1
    assert until(lambda: cluster.camgrid("backup", "check").returncode == 0, 60)


@pytest.mark.long
def test_a_point_of_the_timeline_before_is_reached_though_the_restore_was_killed(cluster, points, restored):
    """The quiet point is older than the restore above: on the timeline that this one left."""
    words = ["-i", str(cluster.path), "restore", "--to", points.quiet, "--yes", "--cluster", cluster.topology.cluster]
    run = subprocess.Popen(
        [sys.executable, "-m", "camgrid", *words], cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    said = []
    for line in run.stderr:
        said.append(line)
        if "Copy the backup" in line:
            break
    else:
        pytest.fail("".join(said[-40:]))
    subprocess.run(["kill", f"-{signal.SIGKILL.value}", f"-{run.pid}"], check=True)
    run.wait()
    app = App(str(cluster.path))
    assert restores.begun(app).point == points.quiet
    # Nobody is let in meanwhile.
    with pytest.raises(Exception, match="nobody answers there"):
        cluster.rows("SELECT 1")
    assert "nothing is open" in restores.next_step(app, Point(points.quiet, NEVER, NEVER, {}), ())
    verdict = restore(cluster, points.quiet)
    assert (verdict["true"], verdict["different"], verdict["halves"]) == (True, [], 0)
    assert restores.begun(app) is None
    count = "SELECT count(*) FROM counting_results WHERE camera_id BETWEEN %s AND %s"
    assert cluster.rows(count, CAMERAS[0], CAMERAS[-1]) == [(len(CAMERAS) * ROWS,)]
    settle(cluster)
