"""`camgrid import` as its user sees it."""

from __future__ import annotations

import json
from collections import Counter
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from camgrid.cli import import_ as cli
from camgrid.errors import UsageError
from camgrid.ingest.log import Progress
from camgrid.ingest.run import Summary

KINDS = Counter({f"cause {n}": n for n in range(1, 8)})
DONE = Progress(lines_done=101, rows_stored=60, rows_present=12, rows_rejected=28, rejects_bytes=900)


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    """Runs the verb on a good file with an import that answers DONE; returns the result and what was said."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text("timestamp,camera_id,total_count,note\n2026-01-01T00:00Z,1,5,-\n")
    summary = Summary(progress=DONE, rows_read=100, handled=100, kinds=KINDS, cameras=3, partitions=1, seconds=0.5)
    monkeypatch.setattr(cli, "Import", lambda job, connect, watch: SimpleNamespace(run=lambda: summary))
    monkeypatch.setattr(cli, "dry_run", lambda job, connect, watch, rejects: summary)
    said: list[str] = []
    monkeypatch.setattr(cli, "say", said.append)

    def run(*arguments):
        result = CliRunner().invoke(cli.command, arguments, obj=SimpleNamespace(), standalone_mode=False)
        return result, said

    return run


def test_the_summary_adds_up_and_names_the_commonest_causes(invoke):
    result, said = invoke("x.csv")
    assert said == [
        "timestamp ← timestamp  camera_id ← camera_id  total_count ← total_count",
        "columns not imported: note",
        "x.csv: 100 rows read; 100 handled in 0.5 s (200 rows/s)",
        "  60 stored, 12 already there",
        "  28 rejected, see x.csv.rejects.csv",
        *(f"            {n}  cause {n}" for n in (7, 6, 5, 4, 3)),
        "            3  for other reasons",
        "  3 cameras were registered, 1 partitions were made",
    ]
    assert (result.return_value, result.stdout) == (0, "")


def test_json_has_the_same_totals(invoke):
    result, _ = invoke("x.csv", "--json")
    summary = json.loads(result.stdout)
    assert [summary[f"rows_{name}"] for name in ("read", "stored", "present", "rejected")] == [100, 60, 12, 28]
    assert summary["rejects_file"] == "x.csv.rejects.csv"
    assert sum(summary["reasons"].values()) == 28


def test_rejects_fail_only_a_strict_import(invoke):
    assert invoke("x.csv")[0].return_value == 0
    assert invoke("x.csv", "--strict")[0].return_value == 1


def test_a_dry_run_says_that_nothing_was_changed(invoke):
    _, said = invoke("x.csv", "--dry-run")
    assert "  60 valid (not compared with what is stored; nothing was changed)" in said
    assert "  28 rejected" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-"], "from a stream"),
        (["none.csv"], "cannot be read"),
        (["x.csv", "--future-tolerance", "soon"], "is no duration"),
        (["x.csv", "--map", "total_count=people"], "no column people"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_done(invoke, arguments, message):
    result, said = invoke(*arguments)
    assert isinstance(result.exception, UsageError)
    assert message in str(result.exception)
    assert not said
