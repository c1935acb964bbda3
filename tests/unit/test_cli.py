"""The command's manners: exit codes, help, and what goes to stdout and stderr."""

import json
import sys

import click
import pytest

from camgrid import cli, health
from camgrid.cli import VERBS, camgrid
from camgrid.errors import CamgridError, UnhealthyError, UsageError
from tests.unit.inventories import single


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the command as from a shell; returns exit code, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["camgrid", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (ended.value.code, *capsys.readouterr())

    monkeypatch.delenv("CAMGRID_INVENTORY", raising=False)
    return run


@pytest.fixture
def cluster(monkeypatch):
    """A cluster without a network: set its findings, or an exception to raise."""

    class Fake:
        findings: tuple[health.Finding, ...] = ()
        error: BaseException | None = None

        def look(self, app):
            if self.error:
                raise self.error
            return health.Snapshot("test", "horizontal", findings=list(self.findings))

    fake = Fake()
    monkeypatch.setattr(health, "look", fake.look)
    return fake


def commands(command: click.Command, words: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command line of verbs that there is."""
    found = [words]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found += commands(command.get_command(context, name), (*words, name))
    return found


@pytest.mark.parametrize("words", commands(camgrid), ids=" ".join)
def test_every_verb_has_help_and_a_json_option(run, words):
    code, out, err = run(*words, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: {' '.join(('camgrid', *words))}")
    if "COMMAND" not in out.splitlines()[0]:
        assert "--json" in out


def test_the_list_of_verbs_is_that_of_their_modules():
    context = click.Context(camgrid)
    assert {camgrid.get_command(context, name).name for name in VERBS} == set(VERBS)


@pytest.mark.parametrize("arguments", [("--nonsense",), ("nonsense",), ("status", "--nonsense"), ("status", "extra")])
def test_wrong_usage_is_2(run, arguments):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "Usage: camgrid" in err


def test_an_unknown_inventory_is_2_and_says_where(run):
    code, out, err = run("-i", "/nonexistent", "status")
    assert (code, out) == (2, "")
    assert "/nonexistent: no such inventory" in err
    assert "next: " in err


def test_a_verb_that_needs_an_inventory_says_so(run):
    code, _, err = run("status")
    assert code == 2
    assert "camgrid -i inventory/production" in err


def test_an_inventory_with_mistakes_is_2_and_names_them(run, monkeypatch):
    monkeypatch.setattr("camgrid.cli.app.load", lambda path: single(camgrid_phase="nonsense"))
    code, out, err = run("-i", "somewhere", "status")
    assert (code, out) == (2, "")
    assert "camgrid_phase: is 'nonsense'" in err


def test_a_healthy_cluster_is_0_and_check_is_silent(run, cluster):
    assert run("check") == (0, "", "")
    assert run("status")[0] == 0


def test_findings_are_3_with_the_next_step(run, cluster):
    cluster.findings = (health.Finding("no primary", "group 1", "look at [/etc]"),)
    assert run("check") == (3, "group 1: no primary; next: look at [/etc]\n", "")
    code, out, _ = run("status")
    assert code == 3
    assert "next: look at [/etc]" in out


@pytest.mark.parametrize("verb", ["status", "check"])
def test_json_is_alone_on_stdout(run, cluster, verb):
    cluster.findings = (health.Finding("no primary", "group 1", "wait"),)
    code, out, err = run(verb, "--json")
    assert (code, err) == (3, "")
    document = json.loads(out)
    assert document["healthy"] is False
    assert document["findings"] == [{"what": "no primary", "where": "group 1", "next": "wait"}]


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (CamgridError("it broke", where="host:5432", hint="mend it"), 1, "error: host:5432: it broke\n  next: mend it"),
        (UsageError("not like this"), 2, "error: not like this"),
        (UnhealthyError("half of it is gone"), 3, "error: half of it is gone"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.Abort(), 130, "interrupted"),
        (PermissionError(13, "Permission denied", "/x/ca.key"), 1, "Permission denied: '/x/ca.key'"),
        (ZeroDivisionError("division by zero"), 1, "ZeroDivisionError: division by zero"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_a_failure_has_its_code_and_no_traceback(run, cluster, error, code, said):
    cluster.error = error
    got, out, err = run("status")
    assert (got, out) == (code, "")
    assert said in err
    assert "Traceback" not in err


def test_debug_shows_the_traceback(run, cluster):
    cluster.error = CamgridError("it broke")
    code, out, err = run("--debug", "status")
    assert (code, out) == (1, "")
    assert "Traceback" in err
    assert "error: it broke" in err
