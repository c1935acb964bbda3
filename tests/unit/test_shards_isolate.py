"""`camgrid shards isolate` in steps: refused, interrupted, gone on with."""

import json

import psycopg
import pytest
from click.testing import CliRunner

from camgrid.cli.shards import command
from camgrid.errors import CamgridError
from camgrid.shards import isolate as isolating
from camgrid.shards import plan as plans
from camgrid.shards import ready
from tests.unit.sharded import MIB, Citus


class App:
    """A verb's App over a cluster in memory."""

    def __init__(self, citus):
        self.citus, self.roles = citus, []

    def connect(self, role, **_):
        self.roles.append(role)
        return self.citus


@pytest.fixture
def app(monkeypatch):
    citus = Citus()
    for module in ("camgrid.cli.shards", "camgrid.shards.isolate"):
        monkeypatch.setattr(f"{module}.look", lambda conn: conn.view)
    monkeypatch.setattr(plans, "_share", lambda *_: 0.75)
    monkeypatch.setattr(ready, "refuse_unhealthy", lambda _: None)
    return App(citus)


def run(app, *arguments):
    return CliRunner().invoke(command, ["isolate", *arguments], obj=app, standalone_mode=False)


def standing(app):
    return isolating.standing(app, plans.make(app.citus, app.citus.view, 7, 2))


def test_it_splits_and_then_moves_the_new_shard(app):
    result = run(app, "7", "--to", "2", "--yes", "--json")
    assert (result.exception, result.return_value) == (None, 0)
    assert app.citus.said == [("split", 7), ("move", 301, 11, 12)]
    assert set(app.roles) == {"admin"}
    told = json.loads(result.stdout)
    assert {key: told[key] for key in ("shard_id", "citus_group", "bytes")} == {
        "shard_id": 301,
        "citus_group": 2,
        "bytes": 60 * MIB,
    }


@pytest.mark.parametrize("arguments", [["--plan"], ["--plan", "--json"]])
def test_a_plan_changes_nothing(app, arguments):
    result = run(app, "7", "--to", "2", *arguments)
    assert (result.return_value, app.citus.said) == (0, [])
    if "--json" in arguments:
        assert [step.split(":")[0] for step in json.loads(result.stdout)["steps"]] == ["split", "move"]


def test_without_a_terminal_and_yes_it_changes_nothing(app):
    result = run(app, "7", "--to", "2")
    assert "add --yes" in str(result.exception.message)
    assert app.citus.said == []


def test_what_was_split_and_not_moved_is_only_moved(app):
    app.citus.failing["citus_move_shard_placement("] = psycopg.errors.InternalError_("no\nmore")
    with pytest.raises(CamgridError, match=r"no \(more\)") as error:
        raise run(app, "7", "--to", "2", "--yes").exception
    assert "camera 7 has shard 301 of its own in group 1, not yet moved to 2" in error.value.hint
    app.citus.failing.clear()
    app.citus.said.clear()
    assert run(app, "7", "--to", "2", "--yes").return_value == 0
    assert app.citus.said == [("move", 301, 11, 12)]
    assert run(app, "7", "--to", "2", "--yes").return_value == 0
    assert len(app.citus.said) == 1, "all is done already"


@pytest.mark.parametrize(
    ("step", "says"),
    [("isolate_tenant", "nothing was changed: camera 7 shares shard 101"), ("citus_move", "not yet moved")],
)
def test_an_interruption_says_where_the_camera_stands(app, step, says):
    app.citus.failing[step] = KeyboardInterrupt()
    said = []
    with pytest.raises(KeyboardInterrupt):
        isolating.isolate(app, plans.make(app.citus, app.citus.view, 7, 2), said.append)
    assert says in said[-1]


def test_the_disk_is_looked_at_again_when_the_size_is_known(app, monkeypatch):
    asked = []
    monkeypatch.setattr(ready, "refuse_crowding", lambda nodes, plan: asked.append((plan.splits, plan.bytes)))
    run(app, "7", "--to", "2", "--yes")
    assert asked == [(True, 60 * MIB), (False, 60 * MIB)]


def test_standing_is_what_the_cluster_says(app):
    assert standing(app).startswith("nothing was changed")
    app.citus._split(7)
    assert "not yet moved to 2" in standing(app)
    app.citus._move(301, 11, 12)
    assert standing(app) == "all is done: camera 7 has shard 301 of its own in group 2"


def test_standing_admits_when_nobody_answers(app):
    plan = plans.make(app.citus, app.citus.view, 7, 2)
    app.citus.failing["pg_dist_placement"] = psycopg.OperationalError("gone")
    assert isolating.standing(app, plan) == "whether something was changed is not known, nobody answers: gone"
