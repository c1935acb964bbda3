"""A disk that fills during an import: said clearly, and the same command goes on once there is room."""

from __future__ import annotations

import json

import pytest

from tests.cluster.support import MEASURED

pytestmark = pytest.mark.once

MONTHS = ("1992-01", "1992-02")
ROWS = 300_000
WHERE = "/var/lib/postgresql/small"


@pytest.fixture
def small_disk(cluster):
    """A file system of 8 MB under what one group's primary stores from now on; returns the command that enlarges it."""
    leader = cluster.leader(max(cluster.topology.groups()))
    mounted = []
    for node in cluster.topology.group(leader.group):
        # A replica that could not write what its primary wrote would stop: only the primary's disk is small.
        megabytes = 8 if node == leader else 512
        cluster.host(node.host).check_output(
            f"mkdir -p {WHERE} && mount -t tmpfs -o size={megabytes}m,uid=postgres,gid=postgres,mode=0700 small {WHERE}"
        )
        mounted.append(cluster.host(node.host))
    with cluster.connect_to(leader, "admin") as conn:
        if cluster.topology.sharded:
            conn.execute("SET citus.enable_ddl_propagation = off")
        conn.execute(f"CREATE TABLESPACE small LOCATION '{WHERE}'")
        conn.execute("GRANT CREATE ON TABLESPACE small TO camgrid_owner")
        conn.execute("ALTER ROLE camgrid_owner SET default_tablespace = small")
        # The partition's function runs as its owner, yet with the settings of the caller's session.
        conn.execute("ALTER DATABASE camgrid SET default_tablespace = small")
        yield lambda: cluster.host(leader.host).check_output(f"mount -o remount,size=512m {WHERE}")
        conn.execute("ALTER ROLE camgrid_owner RESET default_tablespace")
        conn.execute("ALTER DATABASE camgrid RESET default_tablespace")
        for month in MONTHS:
            cluster.drop_partition(f"counting_results_y{month.replace('-', 'm')}")
        conn.execute("DROP TABLESPACE small")
    for host in mounted:
        host.check_output(f"umount {WHERE}")


def test_the_import_says_so_and_goes_on_when_there_is_room(cluster, small_disk, tmp_path):
    path = tmp_path / "counts.csv"
    with path.open("w") as file:
        file.write("timestamp,camera_id,count_in,frame_data\n")
        for number in range(ROWS):
            minute, camera = divmod(number, 100)
            moment = f"{MONTHS[minute // 1440 % 2]}-{minute // 2880 + 1:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}Z"
            file.write(f'{moment},{930_000 + camera},{number % 50},"{{""frame"": ""{number:040d}""}}"\n')
    command = ("import", str(path), "--make-partitions", "--rejects", str(tmp_path / "rejects.csv"), "--json")

    full = cluster.camgrid(*command)
    assert full.returncode == 1, full.stderr
    assert "disk is full" in full.stderr
    assert "run the same command again" in full.stderr
    MEASURED.append(f"{full.stderr.strip().splitlines()[-2]}\n{full.stderr.strip().splitlines()[-1]}")

    small_disk()
    done = cluster.camgrid(*command)
    assert done.returncode == 0, done.stderr
    totals = json.loads(done.stdout)
    stored = cluster.value("SELECT count(*) FROM counting_results WHERE camera_id BETWEEN 930000 AND 930099")
    assert totals["rows_read"] == ROWS
    assert stored == ROWS
