"""`camgrid nodes drain` and `forget`: empty a worker group and take it out."""

from __future__ import annotations

import click

from camgrid.cli.app import App, json_option
from camgrid.cli.rebalance import at_once_option, begin, checked, connected, following, yes_option
from camgrid.console import confirm, emit_json, say
from camgrid.errors import EXIT_OK
from camgrid.rebalance import control, leaving
from camgrid.rebalance.layout import look


@click.command()
@click.argument("group", type=int)
@click.option("--undo", is_flag=True, help="Let it have shards again; what has moved stays until the next rebalance.")
@at_once_option
@click.option("--missing-ok", is_flag=True, help="A group that Citus does not know, or no longer, is fine.")
@click.option("--watch", "follow", is_flag=True, help="Watch it until it is empty.")
@yes_option
@json_option
@click.pass_obj
def drain(
    app: App, group: int, undo: bool, at_once: int, missing_ok: bool, follow: bool, yes: bool, as_json: bool
) -> int:
    """Move all shards of a worker GROUP to the others, while cameras write. It stays a member and gets no new ones."""
    with connected(app) as conn:
        if missing_ok and group not in look(conn).groups:
            say(f"Citus knows nothing of group {group}")
            return EXIT_OK
        if undo:
            leaving.check_known(look(conn), group)
            control.set_draining(conn, group, draining=False)
            say(f"group {group} may have shards again; next: camgrid rebalance plan")
            return EXIT_OK
        found = leaving.emptying(conn, group)
        checked(app, conn, found)
        job = begin(
            app,
            conn,
            found,
            at_once=at_once,
            yes=yes,
            as_json=as_json,
            before=lambda: control.set_draining(conn, group, draining=True),
        )
    if as_json and not follow:
        emit_json({"job": job, "moves": len(found.moves), "bytes": found.bytes})
    return following(app, as_json) if follow and job else EXIT_OK


@click.command()
@click.argument("group", type=int)
@yes_option
@json_option
@click.pass_obj
def forget(app: App, group: int, yes: bool, as_json: bool) -> int:
    """Take an empty GROUP out of Citus's list; a step of playbooks/remove_worker.yml, which also ends its servers."""
    with connected(app) as conn:
        confirm(f"Citus forgets the nodes of group {group}", yes=yes)
        gone = leaving.forget(conn, group)
    if as_json:
        emit_json({"removed": gone})
    else:
        say(f"Citus has forgotten {', '.join(gone)}" if gone else f"Citus knows nothing of group {group}")
    return EXIT_OK
