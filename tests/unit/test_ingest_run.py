"""The import's loop against a database in memory: stopped anywhere, it goes on and adds up."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest

from camgrid.errors import CamgridError
from camgrid.ingest import run, session, store
from camgrid.ingest.job import plan
from camgrid.ingest.run import Import
from tests.unit.memory_database import Database

BAD = 7  # every row whose number it divides has no count
ROWS = 100


@pytest.fixture
def database(monkeypatch):
    made = Database()
    monkeypatch.setattr(run, "store", SimpleNamespace(copy=made.copy, merge=made.merge, Outcome=store.Outcome))
    monkeypatch.setattr(run.catalog, "partitions", lambda connection: [(date(2011, 1, 1), date(2014, 1, 1))])
    monkeypatch.setattr(run.catalog, "cameras", lambda connection: range(1, 1000))
    monkeypatch.setattr(run.Log, "begin", lambda log, connection: connection.progress)
    monkeypatch.setattr(run.Log, "read", lambda log, connection: connection.progress)
    monkeypatch.setattr(run.Log, "write", lambda log, connection, progress: setattr(connection, "progress", progress))
    monkeypatch.setattr(session.Session, "_pause", lambda self, seconds: False)
    return made


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"2012-01-01T00:00Z,{n},{'' if n % BAD == 0 else n}" for n in range(1, ROWS + 1)]
    path = tmp_path / "x.csv"
    path.write_text("\n".join(["timestamp,camera_id,total_count", *rows, ""]))
    return plan(path, chunk=9)


def check(summary, database):
    done, bad = summary.progress, ROWS // BAD
    assert (summary.rows_read, done.rows_stored + done.rows_present, done.rows_rejected) == (ROWS, ROWS - bad, bad)
    assert len(database.table) == ROWS - bad
    assert summary.kinds == {"total_count is empty": bad}
    with open("x.csv.rejects.csv", newline="") as file:  # noqa: PTH123
        assert [int(line) for line, *_ in list(csv.reader(file))[1:]] == [n + 1 for n in range(BAD, ROWS + 1, BAD)]
    assert done.finished_at


def test_every_row_is_stored_or_rejected(job, database):
    check(Import(job, lambda: database).run(), database)
    assert set(database.ways) == {"copy"}


def test_run_again_after_its_end_it_counts_nothing_twice(job, database):
    Import(job, lambda: database).run()
    again = Import(job, lambda: database).run()
    check(again, database)
    assert (again.progress.rows_stored, again.progress.rows_present) == (0, len(database.table))


@pytest.mark.parametrize("when", ["fail_before", "fail_after"])
def test_lost_connections_lose_and_repeat_nothing(job, database, when):
    setattr(database, when, {2, 3, 7})
    check(Import(job, lambda: database).run(), database)


@pytest.mark.parametrize("stop", [1, 4, 11])
@pytest.mark.parametrize("chunk", [1, 5, 1000])
def test_a_killed_import_goes_on_with_any_chunk(job, database, stop, chunk):
    chunks = []

    def kill(source):
        chunks.append(source)
        if len(chunks) == stop:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Import(job, lambda: database, kill).run()
    job.rejects.open("a").write("99,half a li")
    summary = Import(replace(job, chunk=chunk), lambda: database).run()
    check(summary, database)
    assert summary.resumed_at == 1 + 9 * stop
    assert set(database.ways) == {"copy"}


def test_without_its_rejects_it_starts_over_and_counts_nothing_twice(job, database):
    database.fail_before = set(range(5, 99))
    with pytest.raises(CamgridError, match="run the same command again"):
        Import(job, lambda: database).run()
    database.fail_before = set()
    job.rejects.unlink()
    check(Import(job, lambda: database).run(), database)


def test_only_chunks_with_present_rows_are_merged(job, database):
    database.copy(None, (), ["30\t0\t2012-01-01 00:00:00+00:00\t30"])
    database.ways.clear()
    summary = Import(job, lambda: database).run()
    check(summary, database)
    assert summary.progress.rows_present == 1
    assert database.ways[:7] == ["copy", "copy", "copy", "copy", "merge", "merge", "copy"]


def test_another_import_of_the_same_file_is_noticed(job, database):
    def meddle(source):
        database.progress = replace(database.progress, lines_done=77)

    with pytest.raises(CamgridError, match="another import of this file is running"):
        Import(job, lambda: database, meddle).run()
