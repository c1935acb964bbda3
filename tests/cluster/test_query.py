"""`camgrid query`: answers that are bounded, refusals that are clear, and shards one by one."""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from camgrid import cli
from tests.cluster.support import MEASURED, Cluster

CAMERA = 929_001


@pytest.fixture
def query(cluster: Cluster, monkeypatch, capsys) -> Callable[..., tuple[int, str, str]]:
    """Runs the verb as from a shell, without the second that Python takes to start: exit code, stdout, stderr."""

    def query(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["camgrid", "-i", str(cluster.path), "query", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (ended.value.code, *capsys.readouterr())

    return query


@pytest.fixture
def camera(cluster: Cluster) -> Iterator[int]:
    """The number of a camera that is not there, and that has no rows afterwards."""
    yield CAMERA
    with cluster.connect("admin") as conn:
        conn.execute("DELETE FROM cameras WHERE id = %s", (CAMERA,))
        # With the time as a value, so that archived months, which take no DELETE, are left out.
        since = datetime.now(UTC) - timedelta(days=1)
        conn.execute('DELETE FROM counting_results WHERE camera_id = %s AND "timestamp" > %s', (CAMERA, since))


def test_an_answer_is_bounded_and_says_so(query):
    # Without a limit these are more rows than any machine holds.
    endless = "SELECT n FROM generate_series(1, 100000) AS n, generate_series(1, 1000000) AS m"
    code, out, err = query(endless, "--limit", "3", "--json", "--timeout", "20")
    assert (code, len(json.loads(out))) == (0, 3)
    assert "there are more than the 3 rows shown" in err
    out = query("SELECT n FROM generate_series(1, 5000) AS n", "--limit", "0", "--format", "csv")[1]
    assert len(out.splitlines()) == 5001
    _, out, err = query("SELECT n FROM generate_series(1, 9) AS n LIMIT 7", "--limit", "5", "--json")
    assert (len(json.loads(out)), "there are more" in err) == (5, True)


def test_values_come_as_the_server_says_them(query):
    text = "SELECT 12345678901234567890::numeric AS n, 'infinity'::timestamptz AS t, %(w)s AS w, NULL AS w, '[/b]' AS x"
    out = query(text, "--param", "w=O'Hara, 5%", "--format", "csv")[1]
    assert list(csv.reader(out.splitlines())) == [
        ["n", "t", "w", "w_2", "x"],
        ["12345678901234567890", "infinity", "O'Hara, 5%", "", "[/b]"],
    ]
    assert "[/b]" in query(text, "--param", "w=x")[1]
    assert "[/b]" in query('SELECT 1 AS "[/b]"')[1]
    assert query("SELECT 1 AS one WHERE false", "--format", "csv")[1] == "one\n"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("SELECT nope\nFROM cameras", 2, 'line 1, column 8: column "nope" does not exist\n  SELECT nope\n         ^'),
        ("SELECT count(* FROM cameras", 2, "line 1, column 16: syntax error"),
        ("SELECT 1; DELETE FROM cameras", 2, "more than one statement"),
        ("SELECT $1", 2, "--param name=value"),
        ("SELECT 1/0", 1, "division by zero"),
        ("-- nothing", 2, "the query is empty"),
        ("SELECT pg_sleep(100)", 1, "it ran longer than 1 s"),
        (f"WITH x AS (INSERT INTO cameras VALUES ({CAMERA}, 'x') RETURNING 1) SELECT * FROM x", 2, "this writes"),
        ("SELECT lo_create(0)", 2, "this writes, so nothing was done"),
        ("SET TRANSACTION READ WRITE", 2, "must be set before any query"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_to_do(query, text, code, said):
    ended, out, err = query("--timeout", "1", "--", text)
    assert (ended, out, said in err) == (code, "", True), err
    assert "next: " in err


def test_writing_is_told_and_asked_for(cluster, query, camera):
    insert = f"INSERT INTO cameras VALUES ({camera}, 'test')"
    code, _, err = query("--write", insert)
    assert (code, "nobody is there to be asked: add --yes" in err, insert in err) == (2, True, True)
    assert query("--role", "admin", "SELECT 1")[0] == 2, "read only is no promise for a superuser"
    assert cluster.value("SELECT count(*) FROM cameras WHERE id = %s", camera) == 0
    code, out, err = query("--write", "--yes", f"{insert} RETURNING name", "--json")
    assert (code, json.loads(out), "as camgrid_writer" in err) == (0, [{"name": "test"}], True)
    assert cluster.value("SELECT name FROM cameras WHERE id = %s", camera) == "test"


def test_what_one_node_answers_has_no_shard(query):
    code, out, err = query("--per-shard", "SELECT 1", "--json")
    (row,) = json.loads(out)["shards"]
    assert (code, row["shard_id"], row["rows"], row["error"]) == (0, None, 1, None)
    assert "one node answers by itself" in err


@pytest.mark.needs_workers
def test_each_shard_runs_by_itself_slowest_first(cluster, query):
    started = time.monotonic()
    code, out, _ = query("--per-shard", "--json", "SELECT camera_id, count(*) FROM counting_results GROUP BY camera_id")
    told = json.loads(out)
    assert code == 0
    MEASURED.append(f"a query of {len(told['shards'])} shards one by one took {time.monotonic() - started:.1f} s")
    shards = told["shards"]
    places = cluster.rows("SELECT shard_id, node_name, citus_group FROM camgrid.shard_placements()")
    assert {(shard["shard_id"], shard["node"], shard["citus_group"]) for shard in shards} == set(places)
    assert sum(shard["rows"] for shard in shards) == told["total"]["rows"]
    assert told["total"]["rows"] == cluster.value("SELECT count(DISTINCT camera_id) FROM counting_results")
    times = [shard["milliseconds"] for shard in shards]
    assert times == sorted(times, reverse=True)


@pytest.mark.needs_workers
def test_a_shard_that_fails_says_why_and_the_others_answer(cluster, query, camera):
    with cluster.connect("writer") as conn:
        conn.execute('INSERT INTO counting_results (camera_id, "timestamp") VALUES (%s, now())', (camera,))
    code, out, err = query("--per-shard", f"SELECT 1 / (camera_id - {camera}) FROM counting_results", "--json")
    failed = {shard["shard_id"]: shard["error"] for shard in json.loads(out)["shards"] if shard["error"]}
    assert failed == {cluster.value("SELECT get_shard_for_camera(%s)", camera): "division by zero"}
    assert (code, "1 gave no answer" in err) == (1, True)


@pytest.mark.needs_workers
def test_what_needs_steps_is_measured_as_a_whole(cluster, query):
    inner = "SELECT max(count_in) AS most FROM counting_results"
    text = f"SELECT camera_id FROM counting_results WHERE count_in = ({inner})"
    code, out, err = query("--per-shard", text, "--json")
    told = json.loads(out)
    assert (code, "in one run of the whole" in err) == (0, True)
    assert {shard["shard_id"] for shard in told["shards"]} == {
        shard for (shard,) in cluster.rows("SELECT shard_id FROM camgrid.shard_placements()")
    }
    # Each shard gives its maximum, then its rows.
    assert told["total"]["rows"] == len(told["shards"]) + cluster.value(f"SELECT count(*) FROM ({text}) AS found")
