"""The order in which the daemon acts, in a group whose etcd and firewall are in memory."""

import json
from types import SimpleNamespace

import pytest

from roles.fast_failover.files.camgrid_fast_failover import daemon as daemons
from roles.fast_failover.files.camgrid_fast_failover.daemon import Daemon
from roles.fast_failover.files.camgrid_fast_failover.etcd import EtcdError
from roles.fast_failover.files.camgrid_fast_failover.record import Record
from roles.fast_failover.files.camgrid_fast_failover.settings import Settings
from tests.unit.memory_etcd import Client, MemoryEtcd

ADDRESSES = {"a": "10.0.0.1", "b": "10.0.0.2", "c": "10.0.0.3"}
CUT_KEY = "/camgrid/lab/cut/{}"


class Fence:
    """The rule: whom it drops packets to."""

    address = None

    def install(self, address):
        self.address = address

    def in_force(self, address):
        return self.address == address

    def remove(self):
        self.address = None


class World:
    """A group led by a, with daemons on its voters."""

    def __init__(self, directory, monkeypatch, voters="b"):
        self.directory, self.voters = directory, voters
        self.now, self.answers, self.heard = 0.0, True, []
        self.store = MemoryEtcd()
        self.lease = self.store.grant()
        self.store.put("/service/lab/config", json.dumps({"loop_wait": 2, "synchronous_mode": "quorum"}))
        self.store.put("/service/lab/leader", "a", self.lease)
        self.store.put("/service/lab/sync", self.sync_text())
        self.clients = {voter: Client(self.store) for voter in voters}
        self.fences = {voter: Fence() for voter in voters}
        for voter in voters:
            self.set_timeline(voter, 4)
        monkeypatch.setattr(daemons, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(daemons.probe, "answers", lambda address, context: self.answers)
        monkeypatch.setattr(daemons, "say", self.heard.append)
        self.daemons = {voter: self.start(voter) for voter in voters}

    def sync_text(self):
        return json.dumps({"leader": "a", "quorum": len(self.voters) - 1, "sync_standby": ",".join(self.voters)})

    def set_timeline(self, voter, timeline):
        self.store.put(f"/service/lab/members/{voter}", json.dumps({"state": "running", "timeline": timeline}))

    def start(self, voter):
        settings = Settings(voter, ADDRESSES, (), "/service/lab/", "/camgrid/lab/", "", "", 3.0)
        record = Record(self.directory / f"{voter}.json")
        daemon = Daemon(settings, self.clients[voter], record, self.fences[voter])
        daemon.start()
        return daemon

    def tick(self, voter="b", times=1, **how):
        for _ in range(times):
            self.daemons[voter].tick(**how)
            self.now += 1

    def lose_leader(self):
        self.answers, self.store.leases[self.lease] = False, 5

    def cut(self, voter="b"):
        return self.fences[voter].address == ADDRESSES["a"]

    def leader(self):
        return self.store.value("/service/lab/leader")


@pytest.fixture
def world(tmp_path, monkeypatch):
    return World(tmp_path, monkeypatch)


@pytest.fixture
def trio(tmp_path, monkeypatch):
    return World(tmp_path, monkeypatch, voters="bc")


def test_a_healthy_leader_is_left_alone(world):
    world.tick(times=10)
    assert (world.leader(), world.cut(), world.daemons["b"].interval_s) == ("a", False, daemons.REST_S)


def test_a_sole_voter_ends_the_reign_in_the_tick_in_which_it_is_sure(world):
    world.tick()
    world.lose_leader()
    world.tick(times=3)
    assert (world.leader(), world.cut()) == ("a", False)
    world.tick()
    assert (world.leader(), world.cut()) == (None, True)
    world.store.put("/service/lab/leader", "b", world.store.grant())
    world.tick()
    assert not world.cut()
    assert world.store.value(CUT_KEY.format("b")) is None


def test_nothing_is_said_in_etcd_before_the_rule_is_in_force(world):
    world.fences["b"].install = lambda address: None
    world.tick()
    world.lose_leader()
    world.tick(times=6)
    assert world.leader() == "a"
    assert not any(key.startswith("/camgrid/") for key in world.store.keys)


def test_of_two_voters_the_second_to_cut_ends_the_reign(trio):
    for voter in "bc":
        trio.tick(voter)
    trio.lose_leader()
    trio.tick("b", times=5)
    assert (trio.leader(), trio.cut("b")) == ("a", True)
    trio.tick("c", times=4)
    assert (trio.leader(), trio.cut("c")) == (None, True)


def test_a_leader_that_comes_back_in_time_is_let_in_again_and_etcd_forgets_first(trio):
    trio.tick("b")
    trio.lose_leader()
    trio.tick("b", times=5)
    trio.answers = True
    seen = []
    trio.fences["b"].remove = lambda: seen.append(trio.store.value(CUT_KEY.format("b")))
    trio.tick("b")
    assert seen == [None]
    assert trio.leader() == "a"


@pytest.mark.parametrize("again", ["restart", "reboot", "stop"])
def test_a_cut_outlives_its_daemon_until_etcd_has_answered(trio, again):
    trio.tick("b")
    trio.lose_leader()
    trio.tick("b", times=5)
    trio.clients["b"]._fate = lambda: "lost"
    if again == "stop":
        trio.tick("b", times=5, stopping=True)
    if again == "reboot":
        trio.fences["b"].remove()
    trio.daemons["b"] = trio.start("b")
    trio.tick("b", times=30)
    assert trio.cut("b")
    trio.clients["b"]._fate = lambda: "done"
    trio.tick("b")
    assert (trio.leader(), trio.cut("b")) == ("a", False)
    assert not list(trio.directory.glob("b.*"))


def test_a_stop_lifts_the_cut_of_a_reign_that_goes_on(trio):
    trio.tick("b")
    trio.lose_leader()
    trio.tick("b", times=5)
    trio.tick("b", stopping=True)
    assert not trio.cut("b")
    assert trio.store.value(CUT_KEY.format("b")) is None


def test_a_voter_that_did_not_win_stays_cut_off_until_it_has_left_the_old_timeline(trio):
    for voter in "bc":
        trio.tick(voter)
    trio.lose_leader()
    trio.tick("b", times=5)
    trio.tick("c", times=4)
    trio.store.put("/service/lab/leader", "b", trio.store.grant())
    trio.answers = True
    trio.tick("c", times=60)
    trio.tick("c", stopping=True)
    assert trio.cut("c")
    trio.set_timeline("c", 5)
    trio.tick("c")
    assert not trio.cut("c")


def test_a_rule_that_somebody_took_away_is_put_back_and_the_cut_is_not_relied_on(trio):
    trio.tick("b")
    trio.lose_leader()
    trio.tick("b", times=5)
    trio.fences["b"].remove()
    trio.daemons["b"]._etcd.revoke = lambda lease: (_ for _ in ()).throw(EtcdError("lost"))
    trio.tick("b")
    assert trio.cut("b"), "back until etcd has forgotten it"
    assert any("somebody else took the rule away" in line for line in trio.heard)


def test_the_same_thought_is_said_once(world):
    world.tick(times=20)
    assert world.heard == ["nothing to do: a leads"]
