"""Breaking a region of the lab as a whole, and bringing it back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from camgrid import patroni
from camgrid.chaos.ground import Ground


def hosts(ground: Ground, region: str) -> list[str]:
    """All hosts of a region."""
    return [host for host, its in ground.topology.regions.items() if its == region]


def lose(ground: Ground, region: str) -> None:
    """Cuts the power of a whole region."""
    _all(ground.kill, hosts(ground, region))


def power_on(ground: Ground, region: str) -> None:
    """Switches a whole region on again, all hosts at once; what starts at their boot starts."""
    _all(ground.start, hosts(ground, region))


def writers(ground: Ground, region: str) -> list[str]:
    """Nodes of a region whose PostgreSQL takes writes now."""
    nodes = [node for node in ground.topology.nodes if node.region == region]
    answers = patroni.ask(ground.inventory, ground.topology, "patroni", nodes)
    return [node.host for node, told in answers.items() if told and told.get("role") == "primary"]


def _all(act, names) -> None:
    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(act, names))
