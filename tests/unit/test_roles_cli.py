"""`camgrid roles`: what a lock says, and that one which did not reach all nodes is no success."""

from __future__ import annotations

import json
import sys

import pytest

from camgrid import cli, logins
from camgrid.logins import Locked


@pytest.fixture
def told(monkeypatch, capsys):
    """Runs the verb; done: what logins answers for each login. Gives exit code, stdout, stderr and what was asked."""

    def run(*words: str, done: list[Locked]):
        asked: list[tuple[str, str]] = []
        for verb in ("lock", "unlock"):
            monkeypatch.setattr(logins, verb, lambda _i, _t, login, verb=verb: asked.append((verb, login)) or done)
        monkeypatch.setattr(sys, "argv", ["camgrid", "-i", "inventory/production", "roles", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (ended.value.code, *capsys.readouterr(), asked)

    return run


def test_both_logins_are_locked_and_sessions_counted(told):
    code, _, said, asked = told("lock", "reader", "--yes", done=[Locked("w1a", 2), Locked("w1b", 1)])
    assert code == 0
    assert asked == [("lock", "camgrid_reader"), ("lock", "camgrid_reader_2")]
    assert "6 session(s)" in said


def test_a_node_that_was_not_reached_is_named_and_fails(told):
    code, _, said, _ = told(
        "lock", "writer", "--yes", done=[Locked("w1a", 2), Locked("w1b", complaint="nobody answers")]
    )
    assert code == 1
    assert "w1b: nobody answers" in said
    assert "not on all nodes" in said


def test_json_names_the_nodes(told):
    _, out, _, _ = told("unlock", "writer", "--yes", "--json", done=[Locked("w1a")])
    assert json.loads(out)["nodes"][0] == {"host": "w1a", "ended": 0, "complaint": ""}


@pytest.mark.parametrize("words", [("lock", "reader"), ("lock", "postgres", "--yes")])
def test_nobody_is_locked_unasked_and_the_superuser_never(told, words):
    code, _, _, asked = told(*words, done=[])
    assert (code, asked) == (2, [])
