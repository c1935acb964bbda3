"""How far a rebalance is, and why it does not get on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from camgrid.rebalance import causes, view
from camgrid.rebalance.job import Job, Task

MIB = 1024**2
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
TASK = Task(
    task=1, status="runnable", pid=None, retries=0, message="", command="", held=None, next_try=None,
    shard=101, source=1, target=3, phase=None, source_bytes=None, target_bytes=None, behind_bytes=None, target_lsn=None,
)  # fmt: skip


def job(*tasks, state="running"):
    """A job that began at START and, when it has ended, took a minute."""
    ended = state in ("finished", "failed", "cancelled")
    return Job(7, state, "rebalance", START, START + timedelta(minutes=1) if ended else None, tasks)


def running(**changes):
    fields = {"status": "running", "pid": 42, "phase": "Copying Data", "target_bytes": 5 * MIB}
    return replace(TASK, **(fields | changes))


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def quiet(monkeypatch):
    """No session waits for a lock."""
    monkeypatch.setattr(causes, "_waits", lambda conn, task: iter(()))


@pytest.mark.parametrize(
    ("tasks", "held"),
    [
        ([replace(TASK, held=True), running()], True),
        ([replace(TASK, held=True), TASK], False),
        ([running()], False),
    ],
)
def test_paused_is_when_nothing_that_waits_may_begin(tasks, held):
    assert job(*tasks).held is held


def test_a_job_that_ended_is_not_paused():
    assert not job(replace(TASK, held=True), state="cancelled").held


def test_a_failed_move_is_named_with_its_cause_and_next_try(quiet):
    failed = replace(TASK, retries=2, message="ERROR:\n  no space left", next_try=START)
    (found,) = causes.stuck(None, job(failed, running()), causes.Watcher())
    assert found.what == "failed 2 time(s): ERROR: no space left; the next try is at 12:00:00"
    assert found.where == "move of shard 101 from group 1 to 3"
    assert "camgrid rebalance resume" in found.next


def test_a_move_that_stands_still_is_named_within_a_minute(quiet):
    clock = Clock()
    watcher = causes.Watcher(clock)
    assert causes.stuck(None, job(running()), watcher) == []
    clock.now = causes.STILL_S + 1
    (found,) = causes.stuck(None, job(running()), watcher)
    assert "stood still for 31 s in copying data" in found.what
    assert causes.STILL_S < 60


def test_a_move_that_gets_on_is_not_stuck(quiet):
    clock = Clock()
    watcher = causes.Watcher(clock)
    for copied in range(5):
        clock.now += causes.STILL_S
        assert causes.stuck(None, job(running(target_bytes=copied)), watcher) == []


def test_moves_that_never_begin_are_named(quiet):
    clock = Clock()
    watcher = causes.Watcher(clock)
    assert causes.stuck(None, job(TASK), watcher) == []
    clock.now = causes.STILL_S + 1
    (found,) = causes.stuck(None, job(TASK), watcher)
    assert "none of 1 moves that could begin has begun" in found.what


def test_a_paused_job_is_not_stuck(quiet):
    clock = Clock()
    watcher = causes.Watcher(clock)
    held = job(replace(TASK, held=True))
    causes.stuck(None, held, watcher)
    clock.now = 1000
    assert causes.stuck(None, held, watcher) == []


def test_progress_counts_bytes_of_moves_that_are_done_and_under_way():
    done = replace(TASK, task=2, status="done", shard=102)
    told = view.progress(job(done, running(), state="failed"), {101: 10 * MIB, 102: 20 * MIB}, view.Rates())
    assert (told["tasks"], told["tasks_done"], told["bytes"], told["bytes_done"]) == (2, 1, 30 * MIB, 25 * MIB)
    assert told["elapsed_s"] == 60.0


def test_more_than_was_expected_is_not_counted_as_more_than_all():
    told = view.progress(job(running(target_bytes=99 * MIB), state="failed"), {101: 10 * MIB}, view.Rates())
    assert told["bytes_done"] == 10 * MIB


def test_time_left_goes_by_what_is_slower():
    done = replace(TASK, task=2, status="done", shard=102)
    assert view.left(job(done, TASK, TASK), total=100, done=50, elapsed=10.0) == 20.0
    assert view.left(job(done, TASK), total=100, done=10, elapsed=10.0) == 90.0


def test_no_time_left_is_told_before_anything_is_known():
    assert view.left(job(running()), total=100, done=50, elapsed=10.0) is None
    assert view.left(job(replace(TASK, held=True)), total=1, done=0, elapsed=1.0) is None


def test_a_line_tells_where_each_move_is():
    told = view.progress(job(running(), state="failed"), {101: 10 * MIB}, view.Rates())
    assert view.line(told) == "job 7 failed: 0 of 1 moves, 5.0 MiB of 10.0 MiB in 1 min; 101: copying data"
