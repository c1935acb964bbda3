"""`camgrid partitions`: rules that make sense, refusals with a next step, and data that is destroyed only by name."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date
from types import SimpleNamespace

import click
import psycopg
import pytest
from click.testing import CliRunner

from camgrid import console
from camgrid.cli import partitions as cli
from camgrid.errors import CamgridError, UsageError
from camgrid.partitions import months, rules
from camgrid.partitions.months import Due, Month
from camgrid.partitions.rules import Rule

RULE = Rule("counting_results", 3, 6, None)
OLD = Month("counting_results", date(2020, 1, 1), "counting_results_y2020m01", "heap", 3000, None, None)


@pytest.fixture
def run(monkeypatch):
    """Runs the verb against a database in memory; returns click's result and what was done to the database."""
    done = []
    app = SimpleNamespace(
        connect=lambda *_, **__: nullcontext("connection"),
        inventory_path="inventory/x",
        topology=SimpleNamespace(cluster="north", backups=list),
    )
    monkeypatch.setattr(months, "sign", lambda *_: None)
    monkeypatch.setattr(months, "listed", lambda conn, table=None: [OLD])
    monkeypatch.setattr(months, "rows", lambda *_: 1234)
    monkeypatch.setattr(months, "has_columnar", lambda conn: True)
    monkeypatch.setattr(months, "due", lambda conn: [Due("counting_results", OLD.start_date, "archive")])
    monkeypatch.setattr(months, "drop", lambda *args: done.append(args) or "dropped")
    monkeypatch.setattr(months, "archive", lambda *args: done.append(args) or "archived")
    monkeypatch.setattr(rules, "current", lambda conn: [RULE])
    monkeypatch.setattr(rules, "store", lambda conn, rule: done.append(rule))

    def run(*arguments):
        return CliRunner().invoke(cli.command, arguments, obj=app, standalone_mode=False), done

    return run


DROP = ("drop", "--table", "counting_results", "--month", "2020-01")


@pytest.mark.parametrize("answer", [(), ("--yes",), ("--cluster", "north"), ("--yes", "--cluster", "south")])
def test_a_month_is_not_dropped_without_the_clusters_name(run, answer):
    result, done = run(*DROP, *answer)
    assert isinstance(result.exception, click.UsageError)
    assert done == []


def test_a_month_is_dropped_by_name(run):
    result, done = run(*DROP, "--yes", "--cluster", "north", "--json")
    assert result.exception is None
    assert done == [("connection", "counting_results", OLD.start_date)]
    assert '"outcome": "dropped"' in result.stdout
    assert "3000 B" not in result.stdout
    assert "2.9 KiB, 1,234 rows, for ever" in result.stderr


@pytest.mark.parametrize("options", [("--drop-after", "24"), ("--drop-after", "1", "--archive-after", "never")])
def test_a_rule_that_drops_wants_the_name_and_one_that_does_not_only_a_yes(run, options):
    result, done = run("rules", *options, "--yes")
    assert isinstance(result.exception, click.UsageError)
    assert done == []
    _, done = run("rules", "--archive-after", "12", "--yes")
    assert done == [RULE.changed(archive_after_months=12)]


def test_where_nothing_is_columnar_the_archive_says_so_in_one_line(run, monkeypatch):
    monkeypatch.setattr(months, "has_columnar", lambda conn: False)
    result, done = run("archive", "--yes")
    assert isinstance(result.exception, UsageError)
    assert result.exception.exit_code == 2
    assert "\n" not in str(result.exception)
    assert done == []


def test_one_refused_month_is_reported_and_fails(run, monkeypatch):
    def refuse(*_):
        raise CamgridError("archive 2020-01: refused: shards are being moved")

    monkeypatch.setattr(months, "archive", refuse)
    result, _ = run("archive", "--yes", "--json")
    assert result.return_value == 1
    assert '"reason": "archive 2020-01: refused: shards are being moved"' in result.stdout


def test_the_database_refuses_with_the_table_and_a_next_step():
    answer = SimpleNamespace(fetchone=lambda: ("refused: shards are being moved",))
    with pytest.raises(CamgridError, match="refused: shards are being moved") as caught:
        months.archive(SimpleNamespace(execute=lambda *_: answer), "camera_events", date(2020, 1, 1))
    assert caught.value.where == "camgrid.camera_events"
    assert "again" in caught.value.hint


def test_a_month_that_cannot_be_made_says_why():
    def refuse(*_):
        raise psycopg.errors.LockNotAvailable

    with pytest.raises(CamgridError, match="2020-01 of camera_events is not made"):
        months.make(SimpleNamespace(execute=refuse), "camera_events", date(2020, 1, 1))


@pytest.mark.parametrize("text", ["2020-13", "2020", "2020-1", "2020-01-01", "x"])
def test_what_is_no_month_is_refused(text):
    with pytest.raises(UsageError, match="is no month"):
        months.day(text)


def test_months_are_not_archived_only_after_they_are_dropped():
    with pytest.raises(UsageError, match="archived after 6 months, but dropped after 6"):
        RULE.changed(drop_after_months=6)


def test_a_name_typed_on_a_terminal_goes_on(monkeypatch):
    monkeypatch.setattr(console.sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(console.click, "prompt", lambda *_, **__: "north")
    console.confirm_by_name("plan", "north", yes=False, given=None)
    with pytest.raises(click.Abort):
        console.confirm_by_name("plan", "south", yes=True, given=None)
