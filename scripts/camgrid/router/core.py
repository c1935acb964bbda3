"""What a router knows and decides, without any input or output: Router and AsyncRouter both act upon it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from random import SystemRandom
from typing import Any

import psycopg

from camgrid.errors import UsageError
from camgrid.router import errors, wording
from camgrid.router.breaker import Breaker
from camgrid.router.errors import Outcome
from camgrid.router.settings import Settings
from camgrid.router.shard_map import ShardMap, from_metadata
from camgrid.topology import ENDPOINT_PORTS

# Seconds after which the map is read again, and between two looks at whether the primaries still are primaries.
MAP_AGE_S = 30.0
WATCH_S = 1.0
# A query that does not succeed at a shard for a reason of its own must not have the map read at every call.
_YOUNG_S = 1.0
# Where a read may be answered. 'verified' proves that it was a primary, in the same round trip.
READ_AT = ("primary", "verified", "replica")
# The endpoint to ask when no node fits or none is known: any primary finds a camera's shard, and without shards it is
# the only one.
_ANY_NODE = {"primary": "ingest", "verified": "ingest", "write": "ingest", "replica": "read"}
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0
chance = SystemRandom()


class Place:
    """Who can be asked: a node's pool, or an endpoint of the proxies, which is the last resort and has no breaker."""

    def __init__(self, name: str, parameters: dict[str, Any], breaker: Breaker | None = None) -> None:
        self.name, self.parameters, self.breaker = name, parameters, breaker
        self.direct = str(parameters["port"]) == "5432"  # to PostgreSQL itself, which says when it becomes a replica
        self.standby = False  # it was seen to be no primary
        self.refusal: psycopg.Error | None = None  # of the newest attempt to connect, if it failed
        self.pool: Any = None  # made when it is first needed

    def fits(self, target: str) -> bool:
        """Whether to ask it now. Half open, this is the breaker's one trial."""
        return (target == "replica" or not self.standby) and (self.breaker is None or self.breaker.allows())

    def succeeded(self) -> None:
        """It answered."""
        if self.breaker is not None and self.breaker.failures:
            self.breaker.succeeded()

    def failed(self, error: psycopg.Error, *, broken: bool) -> None:
        """It did not. broken: its connection is gone, or never was; else it answered for somebody else."""
        if errors.read_only(error):
            self.standby = True
        elif broken and self.breaker is not None:
            self.breaker.failed()


class Core:
    """The map, the places and the choice among them. Thread-safe: the map is replaced whole."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic, **breaker: Any) -> None:
        """breaker: Breaker's failures and rest_s."""
        self.settings, self._clock = settings, clock
        self.nodes = {
            name: Place(name, settings.node(name), Breaker(clock=clock, **breaker)) for name in settings.nodes
        }
        self.endpoints = {name: Place(f"endpoint {name}", settings.endpoint(name)) for name in ENDPOINT_PORTS}
        self.map = ShardMap()
        self._read_at = -MAP_AGE_S

    def learn(self, answer: dict[str, Any] | None) -> None:
        """Takes what METADATA answered; None: the database has no Citus."""
        self.map, self._read_at = from_metadata(answer), self._clock()

    def outdated(self) -> bool:
        """Whether the map is old enough to be read again in the background."""
        return self._clock() - self._read_at >= MAP_AGE_S

    def wording(self, query: Any, camera_id: int | None, place: Place, *, local: bool) -> tuple[Any, bool]:
        """A query as a place is asked it, and whether that reads a shard by its own name, which `local` allows.

        UsageError for a table in braces that there is not.
        """
        if not wording.braced(query):
            return query, False
        shards, plain = self.map, wording.plain(query)
        if local and place.breaker is not None:
            text = wording.local(query, shards, camera_id)
            return text, text is not plain
        wording.checked(query, shards)
        return plain, False

    def wordings(
        self, query: Any, requests: Sequence[tuple[int, Any]], place: Place, *, local: bool
    ) -> tuple[list[tuple[Any, Any]], bool]:
        """What to ask a place for each (camera, params), as (query, params), and whether any of it reads a shard."""
        told = [self.wording(query, camera_id, place, local=local) for camera_id, _ in requests]
        asked = [(text, params) for (text, _), (_, params) in zip(told, requests, strict=True)]
        return asked, any(at_shard for _, at_shard in told)

    def misled(self, error: psycopg.Error) -> bool:
        """Whether the map is to be read again after a shard did not answer by its own name."""
        return wording.moved(error) and self._clock() - self._read_at >= _YOUNG_S

    def primaries(self) -> list[Place]:
        """The nodes that the map calls primaries of groups with shards."""
        names = [self.map.primaries.get(group) for group in sorted(set(self.map.groups))]
        return [self.nodes[name] for name in names if name in self.nodes]

    def metadata_places(self) -> Iterable[Place]:
        """Who to ask where cameras live: the coordinator's primary, who knows first, then any other primary."""
        yield self.endpoints["write"]
        yield from (place for place in self.primaries() if place.fits("write"))

    def choose(self, camera_id: int, target: str, avoided: Place | None = None) -> Place:
        """Who to ask for a camera. target: one of READ_AT, or 'write'; avoided: who has just failed.

        UsageError for what is no camera or no target.
        """
        shards = self.map  # it may be replaced meanwhile
        group = shards.group(camera_id)
        fallback = self.endpoints[_named(_ANY_NODE, target)]
        if group is None:
            return fallback
        if target == "replica":
            replicas = shards.replicas.get(group, ())
            for name in chance.sample(replicas, len(replicas)):
                place = self.nodes.get(name)
                if place is not None and place is not avoided and place.fits(target):
                    return place
        place = self.nodes.get(shards.primaries.get(group, ""))
        if place is not None and place is not avoided and place.fits(target):
            return place
        return fallback

    def endpoint(self, name: str) -> Place:
        """An endpoint by its name. UsageError for one that is not there."""
        if name not in self.endpoints:
            raise UsageError(f"no endpoint {name}", where="at", hint=f"one of {', '.join(self.endpoints)}")
        return self.endpoints[name]

    def states(self) -> list[dict[str, Any]]:
        """Each node's name, what the map calls it, and its breaker: for an operator who wonders."""
        primaries = set(self.map.primaries.values())
        return [
            {
                "node": place.name,
                "address": place.parameters["host"],
                "role": "primary" if place.name in primaries else "replica",
                "breaker": place.breaker.state,
                "failures": place.breaker.failures,
            }
            for place in self.nodes.values()
        ]


def _named(names: dict[str, str], target: str) -> str:
    if target not in names:
        raise UsageError(f"no way to read at {target!r}", where="at", hint=f"one of {', '.join(READ_AT)}")
    return names[target]


class Attempts:
    """What becomes of one call after its first failure: once more with a fresh map, and longer with patience.

    writes: whether it writes; repeatable: whether it may run twice, as every read may; patience_s: seconds from now in
    which to go on.
    """

    def __init__(
        self, *, writes: bool, repeatable: bool, patience_s: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._writes, self._repeatable, self._clock = writes, repeatable, clock
        self._deadline = clock() + patience_s
        self._count, self._unknown = 0, False

    def failed(self, place: Place, error: psycopg.Error, *, sent: bool, broken: bool) -> float:
        """The seconds to wait before the next attempt; raises what the caller is told when there is none.

        sent: whether there was a connection for the statement; broken: whether it is gone.
        """
        what = errors.outcome(error, sent=sent)
        if what is Outcome.REFUSED:
            raise error
        place.failed(error, broken=broken)
        self._count += 1
        self._unknown |= what is Outcome.UNKNOWN
        over = self._count > 1 and self._clock() >= self._deadline
        if over or (self._unknown and not self._repeatable):
            told = errors.ambiguous if self._unknown and self._writes else errors.unreachable
            raise told(error, place.name) from error
        if self._count == 1:
            return 0.0
        return min(_FIRST_PAUSE_S * 2 ** (self._count - 2), _LONGEST_PAUSE_S) * chance.uniform(0.5, 1.5)
