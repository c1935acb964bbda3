"""`camgrid shards`: shows what the catalogs say, and isolates a camera that is written to meanwhile."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from tests.cluster.support import MEASURED, ROOT, Cluster
from tests.cluster.waiting import until
from tests.cluster.writer import CAMERAS, Writer

pytestmark = pytest.mark.needs_workers

READS = 300


def shown(cluster: Cluster, *arguments: str) -> dict:
    run = cluster.camgrid("shards", *arguments, "--json")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def shard_of(cluster: Cluster, camera: int) -> dict:
    number = cluster.value("SELECT get_shard_for_camera(%s)", camera)
    return next(shard for shard in shown(cluster, "list")["shards"] if shard["shard_id"] == number)


def elsewhere(cluster: Cluster, shard: dict) -> int:
    """A worker group that does not hold it."""
    return next(group for group in cluster.topology.groups() if group not in (0, shard["citus_group"]))


@pytest.fixture
def camera(cluster: Cluster) -> Iterator[int]:
    """A camera that shares its shard: the first of the writer's that does."""
    started = datetime.now(UTC)
    with cluster.connect("writer") as conn:
        for number in CAMERAS:
            conn.execute("INSERT INTO cameras (id, name) VALUES (%s, 'test') ON CONFLICT DO NOTHING", (number,))
    yield next(number for number in CAMERAS if not shard_of(cluster, number)["isolated"])
    with cluster.connect("admin") as conn:
        conn.execute("DELETE FROM cameras WHERE id BETWEEN %s AND %s", (CAMERAS[0], CAMERAS[-1]))
        # With the time as a value, so that archived months, which take no DELETE, are left out.
        query = 'DELETE FROM counting_results WHERE camera_id BETWEEN %s AND %s AND "timestamp" >= %s'
        conn.execute(query, (CAMERAS[0], CAMERAS[-1], started))


def interrupted(cluster: Cluster, camera: int, group: int, step: str) -> tuple[int, str]:
    """Exit code and last words of an isolation that gets Ctrl-C as soon as it says that it does a step."""
    command = [sys.executable, "-m", "camgrid", "-i", str(cluster.path), "shards", "isolate", str(camera)]
    options = {"cwd": ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*command, "--to", str(group), "--yes"], **options) as process:
        for line in process.stderr:
            if line.startswith(step):
                process.send_signal(signal.SIGINT)
                break
        said = process.stderr.read()
        return process.wait(timeout=120), said


def test_list_agrees_with_the_catalogs(cluster):
    sizes = dict(
        cluster.rows("""
        SELECT n.groupid, sum(s.shard_size)::bigint FROM citus_shards AS s
        JOIN pg_dist_node AS n USING (nodename, nodeport) JOIN pg_dist_partition AS p ON p.logicalrelid = s.table_name
        WHERE n.noderole = 'primary' AND p.colocationid = (
            SELECT colocationid FROM pg_dist_partition WHERE logicalrelid = 'camgrid.counting_results'::regclass
        ) GROUP BY 1
    """)
    )
    shards = shown(cluster, "list")["shards"]
    for group, size in sizes.items():
        listed = sum(shard["bytes"] for shard in shards if shard["citus_group"] == group)
        assert listed == pytest.approx(size, rel=0.02), "both are read from a cluster in use"
    assert sum(shard["cameras"] for shard in shards) == cluster.value("SELECT count(*) FROM cameras")
    groups = shown(cluster, "balance")["groups"]
    assert sum(group["shards"] for group in groups) == len(shards)
    assert {group["citus_group"] for group in groups} >= set(cluster.topology.groups()) - {0}


@pytest.mark.parametrize("function", ["shard_sizes", "hot_cameras", "local_shards"])
def test_monitors_alone_may_look(cluster, function):
    cluster.rows(f"SELECT * FROM camgrid.{function}()", role="monitor")
    for role in ("reader", "writer", "reporter"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            cluster.rows(f"SELECT * FROM camgrid.{function}()", role=role)


def test_a_camera_that_is_read_a_lot_is_hot(cluster, camera):
    with cluster.connect("reader") as conn:
        for _ in range(READS):
            conn.execute("SELECT count(*) FROM counting_results WHERE camera_id = %s", (camera,)).fetchone()
    (told,) = [each for each in shown(cluster, "hot", "--limit", "1000")["cameras"] if each["camera_id"] == camera]
    assert told["reads"] + told["reads_before"] >= READS
    assert told["cpu_seconds"] + told["cpu_seconds_before"] > 0
    assert told["name"] == "test"
    shard = shard_of(cluster, camera)
    assert (told["shard_id"], told["citus_group"]) == (shard["shard_id"], shard["citus_group"])


def test_a_camera_is_isolated_while_it_is_written_to(cluster, camera):
    before = shard_of(cluster, camera)
    target = elsewhere(cluster, before)
    with Writer(cluster, "write") as writer:
        until(lambda: len(writer.acknowledged) > len(CAMERAS))
        run = cluster.camgrid("shards", "isolate", str(camera), "--to", str(target), "--yes", "--json")
    assert run.returncode == 0, run.stderr
    MEASURED.append(
        f"isolating a camera took {json.loads(run.stdout)['seconds']} s; {len(writer.acknowledged)} writes, "
        f"{writer.retried} retried, the longest {writer.longest:.1f} s"
    )
    assert writer.failed == []
    assert writer.missing() == []
    now = shard_of(cluster, camera)
    assert (now["isolated"], now["cameras"], now["citus_group"]) == (True, 1, target)
    assert now["shard_id"] != before["shard_id"]
    again = shown(cluster, "isolate", str(camera), "--to", str(target), "--plan")
    assert again["steps"] == []


def test_an_isolation_that_waits_for_a_transaction_names_it(cluster, camera):
    source = cluster.leader(shard_of(cluster, camera)["citus_group"])
    command = [sys.executable, "-m", "camgrid", "-i", str(cluster.path), "shards", "isolate", str(camera), "--yes"]
    with cluster.connect_to(source, "admin", autocommit=False) as idle:
        # The replication slot that a split begins with waits for every transaction that has written.
        pid, _ = idle.execute("SELECT pg_backend_pid(), pg_current_xact_id()").fetchone()
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
            stuck = next((line for line in run.stderr if line.startswith("stuck")), "it was not stuck")
            idle.rollback()
            said = run.stderr.read()
            assert run.wait(timeout=300) == 0, said
    assert f"session {pid} of postgres" in stuck
    assert source.name in stuck
    assert shard_of(cluster, camera)["isolated"]


def test_an_interrupted_isolation_says_where_it_stands_and_is_gone_on_with(cluster, camera):
    before = shard_of(cluster, camera)
    target = elsewhere(cluster, before)
    code, said = interrupted(cluster, camera, target, "splitting")
    assert code == 130
    assert f"nothing was changed: camera {camera} shares shard {before['shard_id']}" in said
    assert shard_of(cluster, camera)["shard_id"] == before["shard_id"]
    code, said = interrupted(cluster, camera, target, "moving")
    assert code == 130
    assert f"of its own in group {before['citus_group']}, not yet moved to {target}" in said
    own = shard_of(cluster, camera)
    assert (own["isolated"], own["citus_group"]) == (True, before["citus_group"])
    run = cluster.camgrid("shards", "isolate", str(camera), "--to", str(target), "--yes")
    assert (run.returncode, shard_of(cluster, camera)["citus_group"]) == (0, target)
    assert "splitting" not in run.stderr
