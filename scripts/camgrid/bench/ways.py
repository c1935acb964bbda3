"""The ways to a camera's rows: plain PostgreSQL, any node through the proxies, the camera's own node, its own shard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from camgrid.bench.bed import Bed
from camgrid.bench.ground import Ground, Home, by_node, short
from camgrid.bench.pgbench import Lane
from camgrid.bench.result import PLAIN

ANY, OWN_NODE, OWN_SHARD, DIRECT = "any node", "own node", "own shard", "own shard, no pool"
# pgbench takes 128 scripts, of which a writer has two for each shard; and a script's choice among cameras takes time.
_MOST_SHARDS, _MOST_CAMERAS = 60, 50
_ALL = "\\set camera random({first}, {last})\n"


@dataclass(frozen=True)
class Question:
    """A pgbench script about one camera, :camera. text: with its tables in braces; before: its \\set lines; writes:
    whether it stores something; protocol: pgbench's; citus_protocol: another where Citus plans it."""

    name: str
    text: str
    before: str = ""
    protocol: str = "prepared"
    citus_protocol: str = ""
    writes: bool = False

    @property
    def planned(self) -> str:
        """pgbench's protocol where Citus plans it."""
        return self.citus_protocol or self.protocol

    @property
    def role(self) -> str:
        """Who may ask it."""
        return "writer" if self.writes else "reader"


def ways(homes: Sequence[Home], question: Question) -> list[str]:
    """The ways that there are to ask it; without shards no node is a camera's own."""
    if homes[0].position is None:
        return [PLAIN, ANY]
    return [PLAIN, ANY, OWN_NODE] if question.writes else [PLAIN, ANY, OWN_NODE, OWN_SHARD, DIRECT]


def lanes(
    bed: Bed,
    ground: Ground,
    homes: Sequence[Home],
    question: Question,
    way: str,
    clients: int,
    *,
    rate: int = 0,
    variables: Sequence[tuple[str, int]] = (),
) -> Iterator[Lane]:
    """The lanes that ask a question in one way with so many clients in all, their scripts put on the bed's host."""
    name = f"{question.name}-{way.translate({ord(' '): None, ord(','): '-'})}"
    more = tuple(variables)
    if way in (PLAIN, ANY):
        first, last = ground.cameras[0], ground.cameras[-1]
        bed.put(f"{name}.sql", _ALL.format(first=first, last=last) + question.before + ground.text(question.text))
        wanted = bed.plain() if way == PLAIN else ground.endpoint("ingest", question.role)
        protocol = question.planned if way == ANY and homes[0].position is not None else question.protocol
        yield Lane(name, wanted, ((f"{name}.sql", 1),), clients, protocol, rate, more)
        return
    nodes = [(node, here[:_MOST_SHARDS]) for node, here in by_node(list(homes))]
    for number, (node, here) in enumerate(nodes):
        at_shard = way in (OWN_SHARD, DIRECT)
        bed.put_all(
            {
                f"{name}-{home.position}.sql": _script(
                    question, home, ground.text(question.text, home if at_shard else None)
                )
                for home in here
            }
        )
        scripts = [(f"{name}-{home.position}.sql", len(home.cameras)) for home in here]
        share = max(1, clients // len(nodes) + (number < clients % len(nodes)))
        wanted = ground.node(node, question.role, pool=way != DIRECT)
        mine = max(1, rate // len(nodes)) if rate else 0
        protocol = question.protocol if at_shard else question.planned
        yield Lane(f"{name}-{short(node)}", wanted, tuple(scripts), share, protocol, mine, more)


def _script(question: Question, home: Home, text: str) -> str:
    cameras = home.cameras[:_MOST_CAMERAS]
    chosen = " ".join(f"when :k = {number} then {camera}" for number, camera in enumerate(cameras))
    pick = f"\\set k random(0, {len(cameras) - 1})\n\\set camera case {chosen} end\n"
    return pick + question.before + text.rstrip().rstrip(";") + ";\n"
