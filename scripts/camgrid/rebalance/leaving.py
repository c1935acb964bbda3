"""Taking a worker group out: emptying it, and having Citus forget it."""

from __future__ import annotations

from typing import Any

import psycopg

from camgrid.errors import CamgridError, UsageError
from camgrid.finding import Finding
from camgrid.rebalance import control, plan
from camgrid.rebalance.layout import Layout, look

Connection = psycopg.Connection


def check_known(layout: Layout, group: int) -> None:
    """UsageError unless it is a worker group that Citus knows."""
    if group not in layout.groups:
        known = ", ".join(map(str, layout.groups)) or "none"
        raise UsageError(f"Citus knows no worker group {group}", hint=f"its worker groups: {known}")


def check(layout: Layout, group: int) -> None:
    """UsageError unless it is a worker group, and another is there to take its shards."""
    check_known(layout, group)
    if not layout.takes - {group}:
        raise UsageError(
            f"no other group can take the shards of group {group}",
            hint="bring another in first (playbooks/add_worker.yml), or: camgrid nodes drain OTHER --undo",
        )


def emptying(conn: Connection, group: int) -> plan.Plan:
    """The plan of emptying a group. Changes nothing: Citus makes it with the group drained, and that is undone."""
    check(look(conn), group)
    with conn.transaction(force_rollback=True):
        control.set_draining(conn, group, draining=True)
        found = plan.make(conn, "size", drain_only=True)
    left = next((each.shards for each in found.after if each.group == group), 0)
    if left:
        text = f"{left} of its shards would have no place: Citus found nowhere to put them"
        found.obstacles.append(Finding(text, f"group {group}", "camgrid shards list; camgrid rebalance plan"))
    return found


def forget(conn: Connection, group: int) -> list[str]:
    """Takes an empty group out of Citus's list of nodes. Returns the nodes that were taken out, [] when none was there.

    CamgridError while it holds shards of a distributed table.
    """
    held = conn.execute(
        """
        SELECT count(*) FROM pg_dist_placement AS p JOIN pg_dist_shard AS s USING (shardid)
        JOIN pg_dist_partition AS t USING (logicalrelid) WHERE p.groupid = %s AND t.partmethod <> 'n'
        """,
        (group,),
    ).fetchone()[0]
    if held:
        raise CamgridError(
            f"it still holds {held} shards (those of partitions counted)",
            where=f"group {group}",
            hint=f"camgrid nodes drain {group} --watch",
        )
    query = """
        SELECT nodename, nodeport FROM pg_dist_node WHERE groupid = %s ORDER BY noderole = 'primary', nodename
    """
    nodes: list[Any] = conn.execute(query, (group,)).fetchall()
    if nodes:
        control.clean(conn)
    for name, port in nodes:
        conn.execute("SELECT citus_remove_node(%s, %s)", (name, port))
    # What Citus would have dropped there goes with the data. It never forgets it by itself, and a new group of this
    # number must not be told to drop shards that it was given since.
    conn.execute("DELETE FROM pg_dist_cleanup WHERE node_group_id = %s", (group,))
    return [name for name, _ in nodes]
