"""`camgrid alerts`: what it shows, and as whom it asks for what."""

import json
import sys
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from camgrid import alerts, cli
from camgrid.alerts import Alert, Threshold
from camgrid.cli.app import App
from camgrid.errors import UsageError

NOW = datetime(2031, 5, 1, 12, tzinfo=UTC)
OPEN = Alert(
    7, "open", "high", "pool_wait", "g1m1/[red]", "Clients wait", "4 wait", "do this", Decimal(9), Decimal(5), NOW, NOW
)
GONE = Alert(
    **(vars(OPEN) | {"id": 6, "status": "resolved", "resolved_by": "camgrid", "resolved_at": NOW + timedelta(hours=3)})
)
RULE = Threshold("pool_wait", Decimal(5), "s", "node", timedelta(minutes=2), "high", True, "a reason", "camgrid", NOW)


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the command as from a shell; returns exit code, stdout, stderr and what was done, as whom."""
    done = []

    def noted(name, answer=None):
        def act(conn, *arguments, **options):
            done.append((name, *arguments, options))
            if arguments and arguments[0] == 99:
                raise UsageError("no alert 99 stands")
            return answer

        return act

    def run(*arguments):
        done.clear()
        monkeypatch.setattr(sys, "argv", ["camgrid", "alerts", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (ended.value.code, *capsys.readouterr(), list(done))

    def connect(self, role, **options):
        done.append(("as", role))
        return nullcontext()

    monkeypatch.setattr(App, "connect", connect)
    monkeypatch.setattr("camgrid.cli.alerts.sign", lambda conn, say: None)
    monkeypatch.setattr(alerts, "listed", lambda conn, resolved=0: [OPEN, GONE][: 1 + bool(resolved)])
    monkeypatch.setattr(alerts, "thresholds", lambda conn: [RULE])
    for name, answer in (("acknowledge", OPEN), ("resolve", GONE), ("set_threshold", None)):
        monkeypatch.setattr(alerts, name, noted(name, answer))
    return run


def test_the_list_says_what_to_do_as_a_monitor(run):
    code, out, _, done = run("list")
    assert code == 0
    assert out.splitlines() == [
        "7 high open g1m1/[red]: Clients wait since 2031-05-01 12:00 UTC",
        "      4 wait",
        "      next: do this",
    ]
    assert done == [("as", "monitor")]
    assert "for 3 h, resolved by camgrid" in run("list", "--all")[1]


def test_json_is_alone_on_stdout(run):
    code, out, err, _ = run("list", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["alerts"][0]["current_value"] == "9"


@pytest.mark.parametrize("verb", ["acknowledge", "resolve"])
def test_people_sign_with_the_operators_certificate(run, verb):
    code, _, err, done = run(verb, "7", "8", "--note", "mine")
    assert code == 0
    assert done == [("as", "admin"), (verb, 7, "mine", {}), (verb, 8, "mine", {})]
    assert f"{verb}d alert 7: Clients wait" in err
    assert run(verb, "99")[0] == 2


def test_thresholds_are_shown_with_their_reason_and_changed_after_a_question(run):
    assert "above 5 s for each node, after 2 min  high      camgrid  a reason" in run("thresholds")[1]
    code, _, err, done = run("thresholds", "pool_wait", "--value", "7")
    assert code == 2
    assert "--yes" in err
    assert done == [("as", "admin")]
    code, _, err, done = run("thresholds", "pool_wait", "--value", "7.5", "--after", "3", "--off", "--yes")
    wanted = {"value": Decimal("7.5"), "after": timedelta(minutes=3), "enabled": False}
    assert (code, done[1]) == (0, ("set_threshold", "pool_wait", wanted))
    assert "now above 5 s" in err


@pytest.mark.parametrize(
    "arguments", [("--value", "7"), ("pool_wait", "--value", "-1"), ("x", "--value", "1", "--yes")]
)
def test_what_makes_no_sense_is_2(run, arguments):
    code, out, _, done = run("thresholds", *arguments)
    assert (code, out) == (2, "")
    assert not [each for each in done if each[0] == "set_threshold"]
