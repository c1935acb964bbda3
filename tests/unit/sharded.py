"""A sharded cluster in memory: three cameras in two groups, and what Citus would answer about them."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

from camgrid.shards.look import Camera, Group, Shard, View

MIB = 1024**2
GIB = 1024 * MIB
# camera → hash; two of them share the shard of group 1's first range.
HASHES = {7: -1500, 8: -1200, 9: 500}


def camera(number, shard, group, cpu, queries=100):
    """A camera that used cpu seconds in the last period."""
    return Camera(number, f"cam {number}", None, shard, group, f"g{group}m1", queries, 0, queries, 0, 0.0, cpu)


def view(**changes):
    """Groups 1 and 2: shard 101 with cameras 7 and 8, shard 102 empty beside it, shard 103 with camera 9."""
    shards = [
        Shard(101, 1, "g1m1", -2000, -1001, 80 * MIB, 4000, 2),
        Shard(102, 1, "g1m1", -1000, -1, 10 * MIB, 0, 0),
        Shard(103, 2, "g2m1", 0, 1999, 50 * MIB, 1000, 1),
    ]
    cameras = [camera(7, 101, 1, 20.0), camera(8, 101, 1, 4.0), camera(9, 103, 2, 6.0)]
    given = {"groups": [Group(1, "g1m1", 11), Group(2, "g2m1", 12)], "shards": shards}
    return View(True, **(given | {"cameras": cameras} | changes))


class Citus:
    """The cluster behind a connection: splits and moves change its view; what it was told is in `said`."""

    info = SimpleNamespace(backend_pid=4711)

    def __init__(self, started=None):
        self.view, self.said, self.failing, self.busy, self.unkeyed = started or view(), [], {}, [], []
        self.nodes = {group: {"wal_level": "logical", "plugins": "pgoutput, citus"} for group in (1, 2)}
        for node in self.nodes.values():
            node |= {"free": 50 * GIB, "disk": 100 * GIB}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def execute(self, query, parameters=()):
        for word, error in self.failing.items():
            if word in query:
                raise error
        return Rows(self._answer(query, parameters))

    def shard_of(self, number):
        hashed = HASHES[number]
        return next(s for s in self.view.shards if s.hash_low <= hashed <= s.hash_high)

    def _answer(self, query, parameters):
        if "isolate_tenant_to_new_shard" in query:
            return self._split(*parameters)
        if "citus_move_shard_placement(" in query:
            return self._move(*parameters)
        if "worker_hash(id)" in query:
            (number,) = parameters
            return [(f"cam {number}", HASHES[number])] if number in HASHES else []
        if "SELECT nodeid" in query:
            return [(10 + parameters[0],)]
        if "shardminvalue = s.shardmaxvalue" in query:
            shard = self.shard_of(*parameters)
            return [(shard.shard_id, shard.citus_group, shard.isolated)]
        if "pg_dist_background_job" in query:
            return [(what,) for what in self.busy]
        if "citus_local_disk_space_stats" in query:
            return [(group, True, json.dumps(node)) for group, node in self.nodes.items()]
        if "relreplident" in query:
            return [(table,) for table in self.unkeyed]
        raise AssertionError(f"not expected: {query}")

    def _split(self, number):
        self.said.append(("split", number))
        old, hashed = self.shard_of(number), HASHES[number]
        low = replace(old, shard_id=old.shard_id + 100, hash_high=hashed - 1, bytes=10 * MIB)
        own = replace(old, shard_id=old.shard_id + 200, hash_low=hashed, hash_high=hashed, bytes=60 * MIB, cameras=1)
        high = replace(old, shard_id=old.shard_id + 300, hash_low=hashed + 1, bytes=10 * MIB)
        self.view.shards = [s for s in self.view.shards if s is not old] + [low, own, high]
        return [(own.shard_id,)]

    def _move(self, shard_id, source, target):
        self.said.append(("move", shard_id, source, target))
        self.view.shards = [
            replace(s, citus_group=target - 10, host=f"g{target - 10}m1") if s.shard_id == shard_id else s
            for s in self.view.shards
        ]
        return [(None,)]


class Rows(list):
    """A cursor that has its rows already."""

    def fetchone(self):
        return self[0] if self else None

    def fetchall(self):
        return list(self)
