"""`camgrid capacity` from the command line, without a cluster."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from camgrid.capacity import quantities
from camgrid.cli.app import App
from camgrid.cli.capacity import command
from camgrid.errors import EXIT_OK, EXIT_UNHEALTHY, UsageError

KEYS = {
    "inputs", "costs", "a_month", "stored", "repository", "shards", "workers", "next_worker", "a_group", "hardware",
    "hosts", "enough_today", "notes",
}  # fmt: skip


@pytest.fixture
def run(monkeypatch):
    """The verb's exit code and what it says with --json, or the error that it raises."""
    for name in ("PGHOST", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str):
        found = CliRunner().invoke(command, [*words, "--json"], obj=App(None), standalone_mode=False)
        if found.exception:
            raise found.exception
        return found.return_value, json.loads(found.stdout)

    return run


def test_the_question_of_the_documentation_is_answered(run):
    code, told = run("--cameras", "1000", "--rate", "1/s", "--retention", "24mo")
    assert code == EXIT_OK
    assert told.keys() == KEYS
    assert told["a_month"]["rows"]["results"] == 2_629_800_000
    assert [each["month"] for each in told["stored"]] == [0, 12, 24]
    assert told["costs"]["source"].startswith("constants")
    assert told["hosts"] == sum(row["hosts"] for row in told["hardware"])


def test_a_reader_sees_the_tables_and_when_the_next_worker_is_due(monkeypatch):
    for name in ("PGHOST", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    words = ["--cameras", "1000", "--rate", "1/s", "--growth", "50%", "--workers", "4", "--replicas", "2"]
    found = CliRunner().invoke(command, words, obj=App(None), standalone_mode=False)
    assert found.exception is None
    told = CliRunner().invoke(command, [*words, "--json"], obj=App(None), standalone_mode=False)
    due = json.loads(told.stdout)["next_worker"]
    lines = found.stdout.splitlines()
    assert any(line.startswith("worker groups") and " 12 " in line for line in lines)
    assert any(f"in {due['in_months']} months, because of {due['because_of']}" in line for line in lines)


def test_so_many_bytes_a_month_are_so_many_cameras(run):
    _, told = run("--monthly", "1TB", "--rate", "1/s", "--stored", "10TB", "--retention", "24mo")
    month = told["a_month"]["bytes"]
    assert month["raw"] + month["indexes"] == pytest.approx(10**12, rel=0.01)
    assert told["inputs"]["history"] == 10
    assert told["stored"][0]["raw"] + told["stored"][0]["indexes"] == pytest.approx(7 * 10**12, rel=0.01)


def test_servers_that_are_not_enough_end_with_3(run):
    code, told = run("--cameras", "20000", "--rate", "1/s", "--hosts", "12")
    assert (code, told["enough_today"]) == (EXIT_UNHEALTHY, False)
    assert "not enough today" in " ".join(told["notes"])
    code, told = run("--cameras", "100", "--rate", "1/s", "--hosts", "12")
    assert (code, told["enough_today"], told["workers"]["planned"]) == (EXIT_OK, True, 3)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--cameras", "10"], "how many results"),
        (["--rate", "1/s"], "--cameras and --monthly"),
        (["--rate", "1/s", "--cameras", "1", "--monthly", "1TB"], "--cameras and --monthly"),
        (["--rate", "1/s", "--cameras", "1", "--stored", "1TB", "--history", "2mo"], "two ways"),
        (["--rate", "0/s", "--cameras", "1"], "rate of 0"),
        (["--rate", "1/s", "--cameras", "1", "--retention", "3mo"], "never archived"),
        (["--rate", "1/s", "--cameras", "1", "--retention", "never"], "--archive-after only"),
        (["--rate", "1/s", "--cameras", "1", "--shards", "33"], "power of two"),
        (["--rate", "1/s", "--cameras", "1", "--hosts", "12", "--workers", "2"], "two ways"),
    ],
)
def test_what_cannot_be_meant_is_refused(run, words, told):
    with pytest.raises(UsageError, match=told):
        run(*words)


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (quantities.rate, "1/s", 1), (quantities.rate, "6/min", 0.1), (quantities.rate, "0.5/h", 0.5 / 3600),
        (quantities.months, "24mo", 24), (quantities.months, "2y", 24), (quantities.size, "3.84TB", 3840 * 10**9),
        (quantities.size, "1GiB", 1024**3), (quantities.size, "512", 512), (quantities.percent, "30%", 0.3),
    ],
)  # fmt: skip
def test_quantities_are_read(read, text, value):
    assert read(text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (quantities.rate, "1"), (quantities.rate, "-1/s"), (quantities.rate, "1/week"), (quantities.months, "24"),
        (quantities.months, "3w"), (quantities.months, "1.5mo"), (quantities.size, "1 parsec"),
        (quantities.size, "TB"), (quantities.percent, "x"),
    ],
)  # fmt: skip
def test_words_that_are_no_quantity_are_refused_with_an_example(read, text):
    with pytest.raises(UsageError) as refused:
        read(text)
    assert "such as" in refused.value.hint
