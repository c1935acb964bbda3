"""Connections to a member of another group are closed when it leads no longer and says nothing, and only then."""

import pytest

from roles.fast_failover.files.camgrid_fast_failover.hangup import Hangup
from roles.fast_failover.files.camgrid_fast_failover.settings import Settings
from tests.unit.memory_etcd import Client, MemoryEtcd

OTHERS = {"w1": ("1", "10.0.0.21"), "w2": ("1", "10.0.0.22"), "x1": ("2", "10.0.0.31")}


class World:
    """Groups 1 and 2 as a member of group 0 sees them."""

    def __init__(self):
        self.store = MemoryEtcd()
        self.silent, self.closed = set(), []
        told = Settings("a", {}, (), "/service/lab/0/", "", "", "", 3.0, "/service/lab/", OTHERS)
        self.hangup = Hangup(told, Client(self.store), lambda address, _: address not in self.silent, self.close)
        self.lead(1, "w1")
        self.hangup.look(0)

    def lead(self, group, member):
        self.store.put(f"/service/lab/{group}/leader", member)

    def close(self, address):
        self.closed.append(address)
        return 1


@pytest.fixture
def world():
    return World()


def test_a_silent_leader_keeps_its_connections_while_it_leads(world):
    world.silent.add("10.0.0.21")
    world.store.delete("/service/lab/1/leader")
    world.hangup.look(1)
    assert world.closed == []


def test_a_silent_former_leader_loses_them_until_it_speaks_again(world):
    world.silent.add("10.0.0.21")
    world.lead(1, "w2")
    world.hangup.look(1)
    world.hangup.look(2)
    assert world.closed == ["10.0.0.21", "10.0.0.21"]
    world.silent.clear()
    world.hangup.look(3)
    world.silent.add("10.0.0.21")
    world.hangup.look(4)
    assert len(world.closed) == 2


def test_a_planned_switchover_closes_nothing(world):
    world.lead(1, "w2")
    world.hangup.look(1)
    assert world.closed == []


def test_one_that_leads_again_keeps_them(world):
    world.silent.add("10.0.0.21")
    world.lead(1, "w2")
    world.hangup.look(1)
    world.lead(1, "w1")
    world.hangup.look(2)
    assert len(world.closed) == 1


def test_it_is_not_watched_for_ever(world):
    world.silent.add("10.0.0.21")
    world.lead(1, "w2")
    world.hangup.look(1)
    world.hangup.look(1000)
    assert len(world.closed) == 1


def test_a_leader_that_nobody_knows_is_no_business_of_ours(world):
    world.lead(1, "stranger")
    world.hangup.look(1)
    world.lead(1, "w2")
    world.hangup.look(2)
    assert world.closed == []
