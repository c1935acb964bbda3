"""Tasks of a plan, and nodes that do not answer."""

import socket
import time

import pytest

from camgrid.errors import CamgridError
from camgrid.query import plan, shards
from camgrid.query.deadline import Deadline
from camgrid.query.shards import Shard

# shard, table, node, port, group, whether it is of a reference table.
PLACES = {
    102008: (102008, "camgrid.cameras", "g0m1", 5432, 0, True),
    102009: (102009, "camgrid.counting_results", "g1m1", 5433, 1, False),
}


def test_a_task_is_of_the_shard_and_not_of_the_reference_table_it_joins():
    query = "SELECT 1 FROM camgrid.cameras_102008 c JOIN camgrid.counting_results_102009 r ON r.camera_id = c.id"
    found = plan._shard(query, PLACES)
    assert (found.shard_id, found.node, found.port, found.citus_group) == (102009, "g1m1", 5433, 1)
    assert plan._shard("SELECT 1 FROM camgrid.cameras_102008 cameras", PLACES).shard_id == 102008


def test_a_number_that_only_looks_like_a_shard_is_none():
    assert plan._shard("SELECT 'x_102009' FROM camgrid.other_5", PLACES) is None


def test_jobs_are_found_inside_a_plan_and_are_not_for_one_by_one_when_they_wait_for_steps():
    job, first = ({"Task Count": 1, "Tasks": [{"Query": f"SELECT {number}"}]} for number in (1, 2))
    query = {"Job": job}
    explained = [{"Plan": {"Plans": [{"Distributed Query": query}], "Subplans Removed": 0}}]
    assert list(plan._jobs(explained)) == [job]
    query["Subplans"] = [{"PlannedStmt": [{"Plan": {"Distributed Query": {"Job": first}}}]}]
    with pytest.raises(plan.StepsError):
        list(plan._jobs(explained))
    assert list(plan._jobs(explained, with_steps=True)) == [job, first]


def test_a_node_that_cannot_be_reached_is_tried_once_and_each_of_its_shards_says_why():
    tried = []

    def connect(shard):
        tried.append(shard.node)
        raise CamgridError("nobody answers there", where=shard.node)

    asked = [Shard(number, node, 1) for number, node in ((3, "b"), (1, "a"), (2, "a"))]
    done = shards.run(asked, connect, timeout=1)
    assert sorted(tried) == ["a", "b"]
    assert [(shard.shard_id, shard.error) for shard in done] == [(n, "nobody answers there") for n in (1, 2, 3)]


def test_a_deadline_wakes_whoever_waits_for_a_server_that_is_frozen():
    ours, theirs = socket.socketpair()
    with ours, theirs, Deadline(ours, 0.2) as deadline:
        started = time.monotonic()
        assert ours.recv(1) == b"", "the line is cut"
        assert time.monotonic() - started < 10
    assert deadline.expired


def test_a_deadline_that_is_kept_leaves_the_line_alone():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with Deadline(ours, 60) as deadline:
            theirs.send(b"x")
        assert ours.recv(1) == b"x"
    assert not deadline.expired
