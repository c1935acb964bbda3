"""The roadmap: what it says was found out, and nothing that was typed in stays."""

from __future__ import annotations


def test_the_roadmap_knows_the_labs_phase(cluster):
    shown = cluster.json("phase", "show")
    assert shown["verified"] == shown["phase"] == cluster.topology.phase
    done = {task["task"]: task["done"] for task in shown["tasks"]}
    assert done["Set up read replicas"]
    assert done["Implement load balancing"]
    assert done["Implement database sharding"] == cluster.topology.sharded
    assert done["Set up cross-shard queries"] == cluster.topology.sharded


def test_a_status_that_was_typed_in_is_corrected(cluster):
    cluster_status = "SELECT status::text, completed_at FROM scaling_implementation WHERE phase = 4"
    with cluster.connect("admin") as conn:
        conn.execute("UPDATE scaling_implementation SET status = 'completed', completed_at = now() WHERE phase = 4")
    tasks = cluster.rows("SELECT task, done, evidence FROM verify_scaling_phases() WHERE phase = 4")
    assert not any(done for _, done, _ in tasks)
    assert all(evidence for _, _, evidence in tasks)
    assert cluster.rows(cluster_status) == [("pending", None)]


def test_a_phase_waits_for_those_that_it_depends_on(cluster):
    cluster.rows("SELECT * FROM verify_scaling_phases()")
    found = dict(cluster.rows("SELECT phase, status::text FROM scaling_implementation"))
    tasks = cluster.rows("SELECT phase, bool_and(done) FROM scaling_tasks() GROUP BY phase")
    complete = set()
    for phase, done in sorted(tasks):
        if done and phase - 1 in complete | {0}:
            complete.add(phase)
        assert (found[phase] == "completed") == (phase in complete)
        assert (found[phase] == "blocked") == (done and phase not in complete)


def test_applications_may_read_the_roadmap_and_not_write_it(cluster):
    assert cluster.value("SELECT count(*) FROM scaling_implementation", role="reader") == 4
    assert not cluster.value("SELECT has_table_privilege('camgrid_writer', 'camgrid.scaling_implementation', 'UPDATE')")
    assert not cluster.value("SELECT has_function_privilege('camgrid_reader', 'verify_scaling_phases()', 'EXECUTE')")
