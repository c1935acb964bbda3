"""A copy beside the cluster: exact, closed, of use for rows that are gone, and refused when the backups are broken."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.cluster.support import MEASURED
from tests.restore.conftest import CAMERAS, ROWS, command

REPOSITORY = "/var/lib/pgbackrest"

pytestmark = pytest.mark.larger


@pytest.fixture(scope="module")
def copied(cluster, points):
    """The report of a copy of the quiet point."""
    told = command(cluster, "restore", "copy", "--to", points.quiet, "--yes")
    MEASURED.append(f"copy of {len(cluster.topology.groups())} groups on a spare host: {told['seconds']} s")
    yield told
    assert cluster.camgrid("restore", "remove", "--yes").returncode == 0


@pytest.fixture
def spare(cluster, copied):
    """The spare host."""
    return cluster.host(copied["host"])


def test_the_copy_is_what_the_point_recorded(copied):
    assert copied["complaints"] == []
    assert copied["halves"] == 0
    assert sum(int(count) for count, _ in copied["sums"]["counting_results"].values()) >= len(CAMERAS) * ROWS


def test_the_copy_listens_to_its_own_host_alone_and_knows_no_other(cluster, copied, spare):
    listening = [line for line in spare.check_output("ss -Hltn").splitlines() if ":55" in line.split()[3]]
    assert len(listening) == len(cluster.topology.groups())
    assert all(line.split()[3].startswith("127.0.0.1:") for line in listening)
    if cluster.topology.sharded:
        query = "SELECT DISTINCT nodename FROM pg_dist_node"
        psql = f'runuser -u postgres -- psql -AtX -h /run/postgresql -p 5500 -d camgrid -c "{query}"'
        assert spare.check_output(psql) == "localhost"


def test_rows_that_were_deleted_are_fetched_back(cluster, copied):
    camera = CAMERAS[3]
    rows = 'SELECT zone_id, "timestamp", count_in, count_out FROM counting_results WHERE camera_id = %s ORDER BY 2'
    before = cluster.rows(rows, camera)
    with cluster.connect("admin") as conn:
        conn.execute("DELETE FROM counting_results WHERE camera_id = %s AND count_in > 10", (camera,))
    gone = len(before) - len(cluster.rows(rows, camera))
    start = datetime.now(UTC).replace(day=1)
    span = ["--from", f"{start:%Y-%m-%d}", "--until", f"{start.replace(year=start.year + 1):%Y-%m-%d}", "--yes"]
    words = ["restore", "fetch", "--table", "counting_results", "--camera", str(camera), *span]
    assert command(cluster, *words)["added"] == gone > 0
    assert cluster.rows(rows, camera) == before
    assert command(cluster, *words)["added"] == 0


@pytest.mark.long
def test_a_segment_of_wal_that_is_missing_is_named_and_nothing_opens(cluster, points, copied, spare):
    repository = cluster.host(cluster.topology.backups()[0])
    group = cluster.topology.groups()[-1]
    stanza = f"{REPOSITORY}/archive/{cluster.topology.cluster}-{group}"
    recorded = next(each for each in command(cluster, "backup", "points")["points"] if each["name"] == points.quiet)
    place = next(each for each in recorded["groups"] if each["citus_group"] == group)
    segment = f"{place['timeline']:08X}{_segment(place['lsn'])}"
    found = repository.check_output(f"find {stanza} -name '{segment}-*'")
    assert found
    repository.check_output(f"mv {found} /root/segment")
    try:
        refused = cluster.camgrid("restore", "copy", "--to", points.quiet, "--yes")
        assert refused.returncode == 1
        assert "The point was not reached here" in refused.stderr
        assert not [line for line in spare.check_output("ss -Hltn").splitlines() if "127.0.0.1:55" in line]
    finally:
        repository.check_output(f"mv /root/segment {found}")
    assert command(cluster, "restore", "copy", "--to", points.quiet, "--yes")["complaints"] == []


def test_a_backup_that_is_damaged_is_refused_and_nothing_opens(cluster, points, copied, spare):
    repository = cluster.host(cluster.topology.backups()[0])
    used = copied_from(cluster, points)
    largest = f"find {REPOSITORY}/backup/{used} -type f -path '*/bundle/*' -printf '%s %p\\n' | sort -n | tail -1"
    file = repository.check_output(largest).split()[1]
    repository.check_output(f"cp --preserve {file} /root/bundle")
    repository.check_output(f"dd if=/dev/zero of={file} bs=1 seek=5000 count=4096 conv=notrunc status=none")
    try:
        # Anew, because what the copy has already is not read again.
        assert cluster.camgrid("restore", "remove", "--yes").returncode == 0
        refused = cluster.camgrid("restore", "copy", "--to", points.quiet, "--yes")
        assert refused.returncode == 1
        assert "The backup could not be copied" in refused.stderr
        assert not [line for line in spare.check_output("ss -Hltn").splitlines() if "127.0.0.1:55" in line]
    finally:
        repository.check_output(f"cp --preserve /root/bundle {file}")
    assert command(cluster, "restore", "copy", "--to", points.quiet, "--yes")["complaints"] == []


def copied_from(cluster, points) -> str:
    """The last group's backup that the quiet point is restored from, below the repository's backups: its full one."""
    group = command(cluster, "restore", "--to", points.quiet, "--plan")["groups"][-1]
    return f"{cluster.topology.cluster}-{group['group']}/{group['backup'].partition('_')[0]}"


def _segment(lsn: str) -> str:
    """The rest of the name of the segment that ends at a position."""
    high, _, low = lsn.partition("/")
    return f"{int(high, 16):08X}{(int(low, 16) - 1) >> 24:08X}"


def test_a_point_before_the_first_backup_is_refused_with_the_reason(cluster, copied):
    refused = cluster.camgrid("restore", "copy", "--to", "2001-01-01T00:00Z", "--yes")
    assert refused.returncode == 2
    assert "no restore point is as old as 2001-01-01" in refused.stderr


def test_a_drill_is_recorded_and_told_by_status(cluster, copied):
    done = command(cluster, "restore", "drill", "--keep", "--yes")
    assert done["complaints"] == []
    assert cluster.json("status")["backups"]["drill"][:19] == done["ended_at"].replace("T", " ")[:19]
