"""Moving shards on a running cluster: the plan, holding, stopping, going on, and what is said of a move that waits."""

import json
import time

import pytest

from tests.cluster.support import Cluster
from tests.cluster.waiting import until

pytestmark = pytest.mark.needs_workers


@pytest.fixture(scope="module")
def even(cluster: Cluster) -> None:
    """Nothing is left to move by count, whatever other tests did to shards."""
    done = cluster.camgrid("rebalance", "start", "--by", "count", "--watch", "--yes")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def uneven(cluster: Cluster, even) -> int:
    """Group 1 has given away some shards; how many a rebalance by count moves back. Even again afterwards."""
    with cluster.connect("admin") as conn:
        for (shard,) in conn.execute("""
            SELECT min(s.shardid) FROM pg_dist_shard AS s JOIN pg_dist_placement AS p USING (shardid)
            WHERE s.logicalrelid = 'camgrid.counting_results'::regclass AND p.groupid = 1
            GROUP BY s.shardminvalue ORDER BY 1 LIMIT 4
        """).fetchall():
            conn.execute(
                """
                SELECT citus_move_shard_placement(
                    %s, source.nodename, source.nodeport, target.nodename, target.nodeport
                )
                FROM pg_dist_node AS source, pg_dist_node AS target
                WHERE source.groupid = 1 AND target.groupid = 2
                    AND source.noderole = 'primary' AND target.noderole = 'primary'
                """,
                (shard,),
            )
    yield len(moves(cluster)["moves"])
    cluster.camgrid("rebalance", "stop", "--yes")
    done = cluster.camgrid("rebalance", "start", "--by", "count", "--watch", "--yes")
    assert done.returncode == 0, done.stderr


def moves(cluster: Cluster) -> dict:
    """The plan by count, as JSON."""
    return json.loads(cluster.camgrid("rebalance", "plan", "--by", "count", "--no-load", "--json").stdout)


def state(cluster: Cluster) -> dict:
    """One look at the rebalance."""
    return json.loads(cluster.camgrid("rebalance", "watch", "--once", "--json").stdout)


def test_an_even_cluster_has_nothing_to_move(cluster: Cluster, even):
    shown = cluster.camgrid("rebalance", "plan", "--by", "count")
    assert "nothing to move" in shown.stdout
    assert shown.returncode == 0, shown.stdout


def test_nothing_is_started_without_being_asked(cluster: Cluster, uneven):
    refused = cluster.camgrid("rebalance", "start", "--by", "count", input="")
    assert refused.returncode == 2
    assert "add --yes" in refused.stderr
    assert len(moves(cluster)["moves"]) == uneven > 1


def test_a_rebalance_is_held_goes_on_and_is_stopped(cluster: Cluster, uneven):
    before = moves(cluster)
    assert [move["target"] for move in before["moves"]] == [1] * uneven
    assert before["bytes"] > 0
    assert before["seconds"] > 0
    started = cluster.camgrid("rebalance", "start", "--by", "count", "--yes")
    assert started.returncode == 0, started.stderr
    twice = cluster.camgrid("rebalance", "start", "--by", "count", "--yes")
    assert twice.returncode == 1
    assert "a rebalance runs already" in twice.stderr

    held = cluster.camgrid("rebalance", "pause")
    assert held.returncode == 0, held.stderr
    look = state(cluster)
    assert look["state"] == "paused"
    assert not look["moves"]
    done = look["tasks_done"]
    assert done < uneven
    time.sleep(6)  # longer than Citus's own look at its queue
    assert state(cluster)["tasks_done"] == done

    assert cluster.camgrid("rebalance", "resume").returncode == 0
    until(lambda: state(cluster)["tasks_done"] > done)
    assert cluster.camgrid("rebalance", "stop", "--yes").returncode in (0, 2)  # 2: it was done already
    assert len(moves(cluster)["moves"]) <= uneven - done
    assert cluster.value("SELECT count(*) FROM pg_dist_cleanup") == 0

    went_on = cluster.camgrid("rebalance", "resume", "--by", "count", "--yes")
    assert went_on.returncode == 0, went_on.stderr
    watched = cluster.camgrid("rebalance", "watch")
    assert watched.returncode == 0, watched.stderr
    assert moves(cluster)["moves"] == []


def test_a_move_that_waits_for_a_transaction_is_named_within_a_minute(cluster: Cluster, uneven):
    source = cluster.leader(2)
    with cluster.connect_to(source, "admin", autocommit=False) as idle:
        # A replication slot waits for every transaction that has written.
        pid, _ = idle.execute("SELECT pg_backend_pid(), pg_current_xact_id()").fetchone()
        begun = time.monotonic()
        assert cluster.camgrid("rebalance", "start", "--by", "count", "--yes").returncode == 0
        stuck = until(lambda: state(cluster)["stuck"], 60)
        assert time.monotonic() - begun < 60
        assert f"session {pid} of postgres" in stuck[0]["what"]
        assert source.name in stuck[0]["what"]
        assert "move of shard" in stuck[0]["where"]
        idle.rollback()
    until(lambda: state(cluster)["tasks_done"] > 0)
