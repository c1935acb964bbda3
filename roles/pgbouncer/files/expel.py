"""Ends what clients of the logins that its arguments name have open at this PgBouncer, and says how many it were.

A client that is connected keeps its connection for as long as it likes, whatever becomes of the password that it came
with. The first argument is PgBouncer's port.
"""

import csv
import subprocess
import sys


def ask(command: str) -> str:
    """What PgBouncer's console answers; its own system user needs no password there."""
    words = ["psql", "--no-psqlrc", "--csv", "--host=/run/postgresql", "--port", sys.argv[1], "--username=pgbouncer"]
    done = subprocess.run(
        ["runuser", "-u", "postgres", "--", *words, f"--command={command}", "pgbouncer"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and "not found" not in done.stderr:  # a client that has left meanwhile
        sys.exit(done.stderr)
    return done.stdout


expelled = [row["id"] for row in csv.DictReader(ask("SHOW CLIENTS").splitlines()) if row["user"] in sys.argv[2:]]
for client in expelled:
    ask(f"KILL_CLIENT {client}")
print(len(expelled))
