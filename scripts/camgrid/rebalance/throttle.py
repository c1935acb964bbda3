"""How many moves run at once: a setting of the coordinator, which Patroni keeps for all that may lead it."""

from __future__ import annotations

from typing import Any

from camgrid import patroni

_SETTINGS = ("citus.max_background_task_executors", "citus.max_background_task_executors_per_node")


def set_at_once(app: Any, moves: int) -> None:
    """Lets each worker take part in this many moves at a time, over all workers together. Reloads; restarts nothing."""
    if moves == 1:
        reset(app)
        return
    workers = len(app.topology.groups()) - 1
    every, each = moves * max(1, workers // 2), moves
    _keep(app, dict(zip(_SETTINGS, (every, each), strict=True)))


def reset(app: Any) -> None:
    """Back to one move at a time, which is Citus's own setting."""
    _keep(app, dict.fromkeys(_SETTINGS))


def _keep(app: Any, wanted: dict[str, int | None]) -> None:
    config = patroni.config(app.inventory, app.topology, group=0)
    kept = (config.get("postgresql") or {}).get("parameters") or {}
    if any(kept.get(name) != value for name, value in wanted.items()):
        patroni.change_config(app.inventory, app.topology, {"postgresql": {"parameters": wanted}}, group=0)
