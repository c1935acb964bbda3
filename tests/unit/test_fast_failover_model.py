"""Whatever happens in whatever order, nothing that the old leader acknowledged is missing from the new one.

A group on which chance acts: daemons look, are stopped, killed and rebooted between any two of their requests; requests
are lost, unheard or late; leases end; the leader is silent or not, and its Patroni acts on what it read long ago.
"""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.memory_etcd import Client
from tests.unit.test_fast_failover_daemon import World

LEADER, SYNC = "/service/lab/leader", "/service/lab/sync"


class KilledError(Exception):
    """The daemon is killed."""


class Group(World):
    """The world with PostgreSQL in it: commits of the leader a, who has them, who was told so."""

    def __init__(self, chance, directory, monkeypatch, voters):
        super().__init__(directory, monkeypatch, voters)
        self.chance, self.busy = chance, False
        self.trouble = chance.random() / 3  # of some groups much is asked, others get as far as a failover
        self.commits, self.acknowledged = 0, 0
        self.has = dict.fromkeys(voters, 0)
        self.timelines = dict.fromkeys(voters, 4)
        self.promoted, self.ended = None, False
        self.read_sync, self.alone = self.store.keys[SYNC][2], False
        self.clients = {voter: Client(self.store, self.fate) for voter in voters}
        self.daemons = {voter: self.start(voter) for voter in voters}

    def fate(self):
        """What becomes of a request; other things may happen before it."""
        if not self.busy and self.chance.random() < 0.3:
            self.busy = True
            self.happen()
            self.busy = False
        if self.chance.random() > self.trouble:
            return "done"
        if self.chance.random() < 0.1:
            raise KilledError
        return self.chance.choice(["lost", "unheard", "late", "late"])

    def happen(self):
        events = [self.look] * 12 + [self.commit] * 4 + [self.lose_leader] * 3 + [self.elect, self.promote, self.follow]
        if self.chance.random() < self.trouble:
            events = [self.wake, self.arrive, self.forget, self.restart, self.retake]
            events += [self.patroni_reads, self.patroni_leaves]
        self.chance.choice(events)()

    def look(self):
        voter = self.chance.choice(self.voters)
        if not self.daemons[voter].ticking:
            self.daemons[voter].ticking = True
            try:
                self.tick(voter, stopping=self.chance.random() < 0.05)
                self.daemons[voter].ticking = False
            except KilledError:
                self.daemons[voter] = self.start(voter)

    def start(self, voter):
        daemon = super().start(voter)
        daemon.ticking = False
        return daemon

    def restart(self):
        voter = self.chance.choice(self.voters)
        if not self.daemons[voter].ticking:
            if self.chance.random() < 0.5:
                self.fences[voter].remove()  # a reboot; PostgreSQL starts after the daemon
            self.daemons[voter] = self.start(voter)

    def wake(self):
        self.answers, self.store.leases[self.lease] = True, 0

    def commit(self):
        """The leader commits; whoever replicates from it has it, and says so when it can."""
        self.commits += 1
        told = self.alone
        for voter in self.voters:
            if self.timelines[voter] == 4 and self.promoted != voter and self.chance.random() < 0.7:
                self.has[voter] = self.commits
                told = told or not self.cut(voter)
        if told:
            self.acknowledged = self.commits
            assert self.promoted is None, "two members take writes"

    def elect(self):
        """Patroni: whoever is in /sync and has all that the others there have."""
        sync = json.loads(self.store.value(SYNC))
        members = [sync["leader"], *(sync["sync_standby"] or "").split(",")]
        able = [voter for voter in self.voters if voter in members]
        if self.leader() is None and able:
            best = max(able, key=self.has.get)
            self.store.put(LEADER, best, self.store.grant())

    def promote(self):
        if self.leader() in self.voters and self.promoted is None:
            self.promoted = self.leader()
            self.timelines[self.promoted] = 5
            self.set_timeline(self.promoted, 5)
            assert self.has[self.promoted] >= self.acknowledged, "an acknowledged commit is lost"

    def follow(self):
        if self.promoted:
            voter = self.chance.choice(self.voters)
            self.timelines[voter] = 5
            self.set_timeline(voter, 5)

    def retake(self):
        """The old leader finds its key gone and nobody in its place."""
        if self.leader() is None and self.promoted is None:
            self.store.put(LEADER, "a", self.lease)
            self.store.put(SYNC, self.sync_text())
            self.read_sync, self.alone = self.store.keys[SYNC][2], False

    def arrive(self):
        for client in self.clients.values():
            if client.late:
                client.do_late(self.chance.randrange(len(client.late)))

    def forget(self):
        for lease in [lease for lease in self.store.leases if lease != self.lease]:
            if not any(key == LEADER and found[3] == lease for key, found in self.store.keys.items()):
                self.store.end_lease(lease)

    def patroni_reads(self):
        if self.leader() == "a":
            self.read_sync = self.store.keys[SYNC][2]

    def patroni_leaves(self):
        """The leader's Patroni gives synchronous replication up, on the strength of what it read, however long ago."""
        if self.store.keys[SYNC][2] == self.read_sync and self.chance.random() < self.trouble:
            self.store.put(SYNC, json.dumps({"leader": "a", "quorum": 0, "sync_standby": None}))
            self.read_sync, self.alone = self.store.keys[SYNC][2], True


@pytest.mark.parametrize("voters", [("b",), ("b", "c")], ids=len)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.randoms(use_true_random=True))
def test_no_order_of_events_loses_what_was_acknowledged(chance, voters, tmp_path_factory, monkeypatch):
    group = Group(chance, tmp_path_factory.mktemp("group"), monkeypatch, voters)
    for _ in range(150):
        group.happen()
