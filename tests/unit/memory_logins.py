"""Logins and their passwords, in memory: what a change of passwords asks of an App and its database."""

from __future__ import annotations

from contextlib import nullcontext

from camgrid import secrets
from camgrid.topology import build


class Database:
    """login → password of pg_authid; what rotation asks and says of it."""

    def __init__(self) -> None:
        self.passwords: dict[str, str | None] = {}
        self.locked: set[str] = set()
        for role in secrets.PASSWORD_ROLES:
            self.passwords |= {f"camgrid_{role}": None, f"camgrid_{role}_2": None}

    def execute(self, statement, parameters=()):
        if "pg_authid" in str(statement):
            self.rows = [
                (name, word, name not in self.locked) for name, word in self.passwords.items() if name in parameters[0]
            ]
        else:
            (login,) = [name for name in self.passwords if f"{name} " in statement.as_string(None).replace('"', "")]
            assert "PASSWORD NULL" in statement.as_string(None)
            self.passwords[login] = None
        return self

    def fetchall(self):
        return self.rows


class App:
    """The part of a verb's App that a rotation needs."""

    def __init__(self, inventory) -> None:
        self.inventory, self.topology, self.database = inventory, build(inventory), Database()

    def connect(self, role):
        assert role == "admin"
        return nullcontext(self.database)

    def in_use(self) -> dict[str, tuple[str, str]]:
        names, words = secrets.logins(self.inventory), secrets.passwords(self.inventory)
        return {role: (names[role], words[role]) for role in secrets.PASSWORD_ROLES}

    def valid(self) -> set[tuple[str, str]]:
        return {(login, word) for login, word in self.database.passwords.items() if word}
