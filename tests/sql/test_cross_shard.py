"""The strategy's cross-shard functions: measured, read only, and never stopped by one node."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.cluster.support import MEASURED, Cluster

CAMERA = 929_002
OF_CAMERA = "camera_id = ($1 ->> 'camera')::int"
# An address of a network for examples: nobody answers there.
NOBODY = "192.0.2.1"


def counts(cluster: Cluster, condition: str, *parameters: object, role: str = "reporter") -> dict[int, tuple]:
    """Shard → count, seconds, reason."""
    query = f"SELECT * FROM execute_cross_shard_query({', '.join(['%s'] * (1 + len(parameters)))})"
    return {row[0]: (row[1], row[2], row[5]) for row in cluster.rows(query, condition, *parameters, role=role)}


def health(conn: psycopg.Connection) -> list[tuple]:
    return conn.execute(
        "SELECT shard_id, status, record_count, last_update, node_name, reason FROM monitor_shard_health()"
    ).fetchall()


@pytest.fixture
def written(cluster: Cluster) -> Iterator[datetime]:
    """The moment of the newest of 20 results of a camera of the test's own."""
    now = datetime.now(UTC)
    with cluster.connect("writer") as conn, conn.cursor() as cursor:
        cursor.executemany(
            'INSERT INTO counting_results (camera_id, zone_id, "timestamp") VALUES (%s, %s, %s)',
            [(CAMERA, zone, now - timedelta(seconds=zone)) for zone in range(20)],
        )
    yield now
    with cluster.connect("admin") as conn:
        # With the time as a value, so that archived months, which take no DELETE, are left out.
        since = now - timedelta(days=1)
        conn.execute('DELETE FROM counting_results WHERE camera_id = %s AND "timestamp" > %s', (CAMERA, since))


def test_rows_are_counted_where_they_are(cluster, written):
    started = time.monotonic()
    told = counts(cluster, OF_CAMERA, json.dumps({"camera": CAMERA}))
    took = time.monotonic() - started
    MEASURED.append(f"execute_cross_shard_query took {took:.2f} s over {len(told)} shard(s)")
    assert {shard: count for shard, (count, *_) in told.items() if count} == {
        cluster.value("SELECT get_shard_for_camera(%s)", CAMERA): 20
    }
    assert set(told) == {shard for (shard,) in cluster.rows("SELECT shard_id FROM shard_routing")}
    assert all(0 < seconds < took and reason is None for _, seconds, reason in told.values())
    some = counts(cluster, "camera_id = ($1 ->> 'camera')::int AND zone_id < 5 -- a comment", f'{{"camera": {CAMERA}}}')
    assert sum(count for count, *_ in some.values()) == 5


def test_a_parameter_is_a_value_whatever_is_in_it(cluster, written):
    told = counts(cluster, "zone_id::text = $1 ->> 'zone'", json.dumps({"zone": "0' OR true --"}))
    assert {count for count, *_ in told.values()} == {0}


# Some conditions are only evaluated where there is a row.
@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    ("condition", "error"),
    [
        ("nope = 1", psycopg.errors.UndefinedColumn),
        ("camera_id =", psycopg.errors.SyntaxError),
        (" \n", psycopg.errors.InvalidParameterValue),
        ("true); DROP TABLE cameras; SELECT (true", psycopg.errors.InvalidCursorDefinition),
        ("nextval('counting_results_id_seq') > 0", psycopg.errors.InsufficientPrivilege),
    ],
)
def test_a_wrong_condition_is_one_error(cluster, condition, error):
    with pytest.raises(error):
        counts(cluster, condition)


def test_a_condition_cannot_write(cluster, written):
    told = counts(cluster, "lo_create(0) > 0 AND camera_id = 929002")
    assert [reason for *_, reason in told.values() if reason] == [
        "cannot execute lo_create() in a read-only transaction"
    ]


def test_a_slow_condition_is_ended_and_its_shards_say_so(cluster, written):
    started = time.monotonic()
    told = counts(cluster, f"camera_id = {CAMERA} AND pg_sleep(1) IS NOT NULL", "{}", 2)
    assert time.monotonic() - started < 15  # seconds
    count, _, reason = told[cluster.value("SELECT get_shard_for_camera(%s)", CAMERA)]
    assert (count, "its node's time was over" in reason) == (None, True)


def test_who_may_ask(cluster):
    counts(cluster, "false", role="reader")
    cluster.rows("SELECT * FROM monitor_shard_health()", role="monitor")
    for role in ("writer", "monitor"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            counts(cluster, "false", role=role)
    for role in ("writer", "reader", "reporter"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            cluster.rows("SELECT * FROM monitor_shard_health()", role=role)


def test_every_shard_is_healthy_and_knows_its_newest_result(cluster, written):
    started = time.monotonic()
    with cluster.connect("monitor") as conn:
        told = {shard: rest for shard, *rest in health(conn)}
    MEASURED.append(f"monitor_shard_health took {time.monotonic() - started:.2f} s over {len(told)} shard(s)")
    assert set(told) == {shard for (shard,) in cluster.rows("SELECT shard_id FROM shard_routing")}
    assert {(status, reason) for status, _, _, _, reason in told.values()} == {("healthy", None)}
    _, rows, newest, *_ = told[cluster.value("SELECT get_shard_for_camera(%s)", CAMERA)]
    assert newest >= written
    assert rows >= 0


@pytest.mark.needs_workers
def test_a_node_that_does_not_answer_or_is_switched_off_costs_its_own_shards_alone(cluster):
    with cluster.connect("admin", autocommit=False) as conn:
        ours = "groupid = 1 AND noderole = 'primary'"
        conn.execute(f"UPDATE pg_dist_node SET nodename = %s WHERE {ours}", (NOBODY,))
        told = conn.execute("SELECT node_name, result_count, reason FROM execute_cross_shard_query('true')").fetchall()
        seen = health(conn)
        conn.rollback()
        conn.execute(f"UPDATE pg_dist_node SET isactive = FALSE WHERE {ours}")
        switched_off = {status for _, status, *_ in health(conn)}
        conn.rollback()
    assert {(node == NOBODY, count is None, reason is None) for node, count, reason in told} == {
        (True, True, False),
        (False, False, True),
    }
    assert {(node == NOBODY, status) for _, status, _, _, node, _ in seen} == {
        (True, "unreachable"),
        (False, "healthy"),
    }
    assert switched_off == {"inactive", "healthy"}
