"""`camgrid roles`: who may log in with a password, and shutting one out at once."""

from __future__ import annotations

from dataclasses import asdict

import click

from camgrid import logins
from camgrid.cli.app import App, json_option
from camgrid.cli.rebalance import yes_option
from camgrid.connect import ROLES
from camgrid.console import confirm, emit_json, emit_table, say
from camgrid.errors import EXIT_FAILED, EXIT_OK
from camgrid.secrets import PASSWORD_ROLES

_role = click.argument("role", type=click.Choice(PASSWORD_ROLES))


@click.group("roles")
def command() -> None:
    """Who may log in with a password."""


@command.command("list")
@json_option
@click.pass_obj
def list_roles(app: App, as_json: bool) -> int:
    """List the applications' roles, whether each may log in, and its sessions on the coordinator's primary."""
    both = [login for role in PASSWORD_ROLES for login in _logins(role)]
    rows = logins.listed(app.inventory, app.topology, both)
    if as_json:
        emit_json({"cluster": app.topology.cluster, "roles": rows})
    else:
        emit_table(rows, {"role": "role", "may_log_in": "may log in", "sessions": "sessions"})
    return EXIT_OK


@command.command("lock")
@_role
@yes_option
@json_option
@click.pass_obj
def lock(app: App, role: str, yes: bool, as_json: bool) -> int:
    """Shut a ROLE out of every node at once, and end its sessions: for a password that was stolen."""
    confirm(
        f"{ROLES[role]} is to log in nowhere, and its sessions end on every node, the applications' own too", yes=yes
    )
    done = [each for login in _logins(role) for each in logins.lock(app.inventory, app.topology, login)]
    return _told(done, as_json, f"{ROLES[role]} is locked")


@command.command("unlock")
@_role
@yes_option
@json_option
@click.pass_obj
def unlock(app: App, role: str, yes: bool, as_json: bool) -> int:
    """Let a ROLE log in again; change its password first (playbooks/rotate_secrets.yml)."""
    confirm(f"{ROLES[role]} is to log in again with the password that the vault has", yes=yes)
    done = [each for login in _logins(role) for each in logins.unlock(app.inventory, app.topology, login)]
    return _told(done, as_json, f"{ROLES[role]} may log in")


def _logins(role: str) -> tuple[str, str]:
    """The two that a password may be of; the second one works as the first."""
    return ROLES[role], f"{ROLES[role]}_2"


def _told(done: list[logins.Locked], as_json: bool, sentence: str) -> int:
    failed = [each for each in done if each.complaint]
    if as_json:
        emit_json({"nodes": [asdict(each) for each in done]})
    for each in failed:
        say(f"{each.host}: {each.complaint}")
    ended = sum(each.ended for each in done)
    if failed:
        say(f"{sentence}, but not on all nodes; {ended} session(s) were ended. Run it again when they answer.")
        return EXIT_FAILED
    say(f"{sentence}; {ended} session(s) were ended" if ended else sentence)
    return EXIT_OK
