"""Other passwords for the applications' roles on a running cluster; those before stay valid while somebody needs them.

A role has two logins with the same rights (sql/migrations/0014_second_logins.sql), and its password is of one of them.
The status page has one user, whom nobody waits for: the step `switch` replaces its password in the vault, and the
playbook brings it there.

| step | the vault holds | who gets in |
|---|---|---|
| stage | a password for the other login, beside the one in use | the one in use |
| open | the same | both |
| switch | the new login and password in use, the old login's name beside | both |
| revoke | the same | the new one |
| close | the new ones alone | the new one, and no session is left of the old one |

Every step can be done again, and the vault says how far a rotation came: whoever was stopped goes on. Applications take
the new login and password between `switch` and `close`; how long that may take is for who runs it to say.

Run as `python -m camgrid.password_rotation INVENTORY STEP [ROLE…]` it does one; `at` says where it is.
"""

from __future__ import annotations

import json
import secrets as random
import sys
from typing import Any

import psycopg
from psycopg import sql

from camgrid import connect, endpoints, logins, secrets
from camgrid.cli.app import App
from camgrid.errors import CamgridError, UsageError
from camgrid.schema import passwords, run

# Of secrets.PASSPHRASES those that may be replaced; pgBackRest's repository keeps the one that it was made with.
PAGES = ("status_page",)


def at(app: App) -> str:
    """The step that is to be done next: stage, open (then switch), or close."""
    content = secrets.read(app.inventory)
    staged = content.get("next") or content.get("next_passphrases")
    return "open" if staged else "close" if content.get("previous") else "stage"


def stage(app: App, roles: list[str]) -> list[str]:
    """Writes new passwords for the roles (all, and the page's, without any) into the vault, beside those in use.

    Returns the logins, and what has none by its name. UsageError for an unknown role. A rotation that is under way is
    left as it is, and its logins are returned.
    """
    known = (*secrets.PASSWORD_ROLES, *PAGES)
    unknown = sorted(set(roles) - set(known))
    if unknown:
        raise UsageError(f"no role {', '.join(unknown)}", hint=f"one of {', '.join(known)}")
    secrets.ensure(app.inventory)
    content = secrets.read(app.inventory)
    if at(app) == "stage":
        in_use = secrets.logins(app.inventory)
        wanted = roles or known
        content["next"] = {
            role: {"login": _other(role, in_use[role]), "password": random.token_urlsafe(32)}
            for role in secrets.PASSWORD_ROLES
            if role in wanted
        }
        content["next_passphrases"] = {name: random.token_urlsafe(48) for name in PAGES if name in wanted}
        secrets.write(app.inventory, content)
    return [entry["login"] for entry in content.get("next", {}).values()] + list(content.get("next_passphrases", {}))


def open_(app: App) -> list[str]:
    """Makes the new passwords valid, and sees that each gets in that may. Returns the logins that got one now."""
    staged = secrets.read(app.inventory).get("next", {})
    if not staged:
        return []
    wanted = {entry["login"]: entry["password"] for entry in staged.values()}
    with app.connect("admin") as conn:
        query = "SELECT rolname, rolpassword, rolcanlogin FROM pg_authid WHERE rolname = ANY(%s)"
        found = conn.execute(query, (list(wanted),)).fetchall()
        verifiers = {login: verifier for login, verifier, _ in found}
        locked = {login for login, _, may in found if not may}
        missing = sorted(set(wanted) - set(verifiers))
        if missing:
            raise CamgridError(
                f"the database has no {', '.join(missing)}", where="pg_roles", hint="camgrid schema apply"
            )
        changed = [login for login in wanted if not passwords.matches(verifiers[login], wanted[login])]
        for login in changed:
            run.set_password(login, wanted[login])(conn)
    for role, entry in staged.items():
        if entry["login"] not in locked:  # by `camgrid roles lock`, after a theft
            _try(app, role, entry)
    return changed


def switch(app: App) -> list[str]:
    """Makes the new ones those in use, for camgrid and for whoever reads the vault. Returns what stage did."""
    content = secrets.read(app.inventory)
    staged, phrases = content.pop("next", {}), content.pop("next_passphrases", {})
    if staged or phrases:
        in_use = secrets.logins(app.inventory)
        content["previous"] = {role: in_use[role] for role in staged}
        content["logins"] = in_use | {role: entry["login"] for role, entry in staged.items()}
        content["passwords"] |= {role: entry["password"] for role, entry in staged.items()}
        content["passphrases"] |= phrases
        secrets.write(app.inventory, content)
    return [entry["login"] for entry in staged.values()] + list(phrases)


def revoke(app: App) -> list[str]:
    """Takes the old logins' passwords away. Returns the old logins, also when it was done before."""
    old = list(secrets.read(app.inventory).get("previous", {}).values())
    with app.connect("admin") as conn:
        for login in old:
            conn.execute(sql.SQL("ALTER ROLE {} PASSWORD NULL").format(sql.Identifier(login)))
    return old


def close(app: App) -> list[str]:
    """Ends the sessions of old logins on every node, and forgets them. Returns them; they are to be revoked before."""
    content = secrets.read(app.inventory)
    old = list(content.get("previous", {}).values())
    if not old:
        return []
    complaints = [each for login in old for each in logins.end(app.inventory, app.topology, login) if each.complaint]
    if complaints:
        raise CamgridError(
            f"the old passwords are gone, but sessions of theirs may be left: {complaints[0].complaint}",
            where=", ".join(sorted({each.host for each in complaints})),
            hint="run the same again when these answer",
        )
    content.pop("previous")
    secrets.write(app.inventory, content)
    return old


def _other(role: str, in_use: str) -> str:
    first = connect.ROLES[role]
    return f"{first}_2" if in_use == first else first


def _try(app: App, role: str, entry: dict[str, Any]) -> None:
    """Logs in with a new password, straight and through the pools. CamgridError when that fails."""
    ways = [connect.parameters(app.inventory, app.topology, role)]
    if app.topology.proxies():
        ways.append(endpoints.parameters(app.inventory, app.topology, role, "write"))
    for wanted in ways:
        try:
            with psycopg.connect(**(wanted | {"user": entry["login"], "password": entry["password"]})) as conn:
                user = conn.execute("SELECT current_user").fetchone()
        except psycopg.OperationalError as error:
            raise CamgridError(
                f"{entry['login']} does not get in with its new password: {error}",
                where=f"{wanted['host']} port {wanted['port']}",
                hint="nothing in use was changed; does playbooks/site.yml run to its end? Then run the same again",
            ) from error
        if user != (connect.ROLES[role],):
            raise CamgridError(f"{entry['login']} works as {user}", where="pg_roles", hint="camgrid schema plan")


def main() -> None:
    """Does what the second word says, for the inventory that the first one names. Prints JSON, and never a password."""
    try:
        app, step, roles = App(sys.argv[1]), sys.argv[2], sys.argv[3:]
        if step == "at":
            print(json.dumps({"at": at(app), "changed": []}))
        else:
            steps = {"open": open_, "switch": switch, "revoke": revoke, "close": close}
            done = stage(app, roles) if step == "stage" else steps[step](app)
            print(json.dumps({"changed": done}))
    except CamgridError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
