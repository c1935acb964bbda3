"""The collector: queries become metrics, and nobody who hangs keeps it from telling of the others."""

from __future__ import annotations

import dataclasses
import json
import time

import pytest

from roles.collector.files.camgrid_metrics import ask, collect, queries, settings
from roles.collector.files.camgrid_metrics.queries import Query, Sample

QUERIES = [query for name in ("coordinator", "citus", "region", "node") for query in queries.load(name)]
# Answers with all that it might be asked; the host that HANGS names answers one query and no more.
PSQL = """#!/bin/sh
test "$PGSSLMODE" = verify-full || exit 3
if [ "${PGHOST%%,*}" = "$HANGS" ]; then
    echo '{"query": "cluster", "rows": [{"cameras": 4}]}'
    exec sleep 60
fi
exec cat "${0%psql}answers"
"""


def host(name: str, address: str, **changes) -> dict:
    own = {"host": name, "address": address, "region": "region_main", "group": 0, "analytics": False}
    return own | {"services": {"node": 9100, "pgbouncer": 6432}} | changes


@pytest.fixture
def told(tmp_path):
    """Settings of a cluster of two members, one in another region, and of a host without PostgreSQL."""
    hosts = [
        host("c-0", "192.0.2.1"),
        host("dr-0", "192.0.2.2", region="region_dr"),
        host("svc", "192.0.2.3", group=None, services={"node": 9100}),
    ]
    text = {
        "address": "127.0.0.1", "port": 9191, "hosts": hosts, "sharded": True, "database": "camgrid", "user": "monitor",
        "certificate": "/node.pem", "ca_certificate": "/ca.crt", "interval_s": 30, "cameras": 10, "region_delay_s": 7,
    }  # fmt: skip
    (tmp_path / "collector.json").write_text(json.dumps(text))
    return settings.load(tmp_path / "collector.json")


@pytest.fixture
def psql(tmp_path, monkeypatch):
    """A psql that answers at once, in place of the real one."""
    rows = [(query.name, dict.fromkeys(query.metrics, 1)) for query in QUERIES]
    answers = [
        {"query": name, "rows": [row | ({"replica": "dr_0"} if name == "replicas" else {})]} for name, row in rows
    ]
    (tmp_path / "answers").write_text("".join(json.dumps(answer) + "\n" for answer in answers))
    (tmp_path / "psql").write_text(PSQL)
    (tmp_path / "psql").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


def values(samples: list[Sample], name: str) -> dict[str, float]:
    """host (or "" where a sample has none) → value."""
    return {dict(sample.labels).get("host", ""): sample.value for sample in samples if sample.name == name}


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_query_has_a_column_for_each_metric_that_it_names(query):
    assert query.metrics
    for name in query.metrics:
        assert f"AS {name}" in query.text
    assert not query.text.endswith(";")


def test_no_metric_has_two_queries():
    names = [name for query in QUERIES for name in query.metrics]
    assert len(names) == len(set(names))


def test_numbers_are_values_all_else_are_labels_and_null_is_nothing():
    query = Query("jobs", "", {"job_failed": "f", "job_last": "l"})
    found = query.samples([{"job": "a", "job_failed": True, "job_last": None}], {"region": "r"})
    assert found == [Sample("camgrid_job_failed", "f", (("job", "a"), ("region", "r")), 1.0)]


def test_a_line_that_was_cut_off_is_left_out():
    assert queries.parse('{"query": "a", "rows": [{"x": 1}]}\n{"query": "b", "ro') == {"a": [{"x": 1}]}


@pytest.mark.usefixtures("psql")
def test_all_is_told_when_all_answer(told):
    found = collect.Cluster(told).look()
    assert values(found, "camgrid_up") == {"": 1}
    assert values(found, "camgrid_node_up") == {"c-0": 1, "dr-0": 1}
    assert {sample.value for sample in found if sample.name == "camgrid_query_answered"} == {1}
    assert values(found, "camgrid_region_delay_seconds") == {"": 7}


@pytest.mark.usefixtures("psql")
def test_a_slot_of_the_other_region_is_known_by_the_hosts_name(told):
    lag = [dict(each.labels) for each in collect.Cluster(told).look() if each.name == "camgrid_replica_lag_bytes"]
    assert {(labels["host"], labels["replica"], labels["far"]) for labels in lag} == {
        ("c-0", "dr-0", "true"),
        ("dr-0", "dr-0", "false"),
    }


@pytest.mark.usefixtures("psql")
def test_a_coordinator_that_hangs_is_told_of_and_the_others_are_not_waited_for(told, monkeypatch, capfd):
    monkeypatch.setenv("HANGS", "192.0.2.1")
    monkeypatch.setattr(collect, "NODE_S", 2)
    monkeypatch.setattr(collect, "COORDINATOR_S", 2)
    cluster, began = collect.Cluster(told), time.monotonic()
    found = cluster.look()
    assert time.monotonic() - began < 10
    assert values(found, "camgrid_up") == {"": 0}
    assert values(found, "camgrid_node_up")["dr-0"] == 1
    assert values(found, "camgrid_cameras") == {"": 4}  # what was answered before it hung
    cluster.look()
    assert capfd.readouterr().out.count("coordinator: no answer within 2 s") == 1, "once, not at every look"


def test_without_citus_nothing_of_it_is_asked(told):
    plain = collect.Cluster(dataclasses.replace(told, sharded=False))
    assert not {query.name for query in queries.load("citus")} & {query.name for query in plain._of_coordinator}


@pytest.mark.usefixtures("psql")
def test_a_refusal_is_told_in_postgresqls_words(told, tmp_path):
    (tmp_path / "psql").write_text("#!/bin/sh\necho 'FATAL: no pg_hba.conf entry' >&2\nexit 2\n")
    answer = ask.ask(told, told.nodes, QUERIES, 5)
    assert answer == ask.Answer({}, "FATAL: no pg_hba.conf entry")
