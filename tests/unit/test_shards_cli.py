"""What the looking verbs of `camgrid shards` print, and the codes they end with."""

import json
from contextlib import nullcontext
from dataclasses import replace

import pytest
from click.testing import CliRunner

from camgrid.cli.shards import command
from camgrid.shards.look import Group, Shard, View
from tests.unit.sharded import MIB, view

UNSHARDED = View(False, groups=[Group(0, "localhost")], shards=[Shard(1, 0, "localhost", None, None, MIB, 5, 3)])


@pytest.fixture
def run(monkeypatch):
    """Runs a verb over a view, as monitor: looking needs no more."""

    class App:
        def connect(self, role, **_):
            assert role == "monitor"
            return nullcontext()

    def run(seen, *arguments):
        monkeypatch.setattr("camgrid.cli.shards.look", lambda _: seen)
        result = CliRunner().invoke(command, arguments, obj=App(), standalone_mode=False)
        assert result.exception is None
        return result.return_value, result.stdout, result.stderr

    return run


@pytest.mark.parametrize("verb", ["list", "balance", "hot"])
def test_without_shards_they_say_so_on_stderr_and_end_well(run, verb):
    for arguments in ((verb,), (verb, "--json")):
        code, out, err = run(UNSHARDED, *arguments)
        assert (code, err) == (0, "nothing is sharded: one group holds every camera\n")
    assert json.loads(out)["sharded"] is False


def test_json_of_a_shard(run):
    document = json.loads(run(view(), "list", "--json")[1])
    assert document["shards"][0] == {
        "shard_id": 101,
        "citus_group": 1,
        "host": "g1m1",
        "hash_low": -2000,
        "hash_high": -1001,
        "bytes": 80 * MIB,
        "result_rows": 4000,
        "cameras": 2,
        "reason": None,
        "isolated": False,
    }


def test_a_silent_node_makes_the_list_unhealthy(run):
    first, *rest = view().shards
    code, out, err = run(view(shards=[replace(first, bytes=None, reason="refused"), *rest]), "list")
    assert (code, err) == (3, "sizes are missing: g1m1: refused\n")
    assert "80.0 MiB" not in out
    assert "50.0 MiB" in out, "the others are shown"


def test_hot_shows_the_busiest_and_what_to_do(run):
    code, out, err = run(view(), "hot", "--limit", "1")
    assert (code, err) == (0, "")
    assert "cam 7" in out
    assert "cam 8" not in out
    assert "next: camgrid shards isolate 7 --plan" in out


def test_hot_in_json_sums_up_shards(run):
    document = json.loads(run(view(), "hot", "--json")[1])
    assert [(each["shard_id"], each["cpu_seconds"]) for each in document["shards"]] == [(101, 24.0), (103, 6.0)]
    assert [camera["camera_id"] for camera in document["cameras"]] == [7, 8, 9]
    assert document["cameras"][0]["isolated"] is False


@pytest.mark.parametrize(("verb", "code"), [("hot", 3), ("balance", 0)])
def test_groups_that_do_not_measure_are_named(run, verb, code):
    ended, _, err = run(view(untracked=[0, 2]), verb)
    assert ended == code
    assert err.startswith("load is not measured in group(s) 0, 2: citus.stat_tenants_track is none there")


def test_balance_shows_skews_and_shard_numbers_as_they_are_typed(run):
    big = [replace(shard, shard_id=shard.shard_id + 102_000) for shard in view().shards]
    code, out, _ = run(view(shards=big, cameras=[]), "balance")
    assert code == 0
    assert "bytes 1.29" in out
    assert "102101" in out
