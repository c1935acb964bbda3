"""Asks a database with psql: a process of its own, which can be ended whatever its server does."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import Any

from .queries import Query, parse
from .settings import Host, Settings

CONNECT_S = 3
STATEMENT_S = 8


@dataclass(frozen=True)
class Answer:
    """rows: query → rows, of those that were answered; complaint: what psql said of the others, "" for nothing."""

    rows: dict[str, list[dict[str, Any]]]
    complaint: str


def ask(settings: Settings, hosts: list[Host], queries: list[Query], timeout_s: float, wanted: str = "any") -> Answer:
    """What the first of these hosts answers that is as wanted (libpq's target_session_attrs).

    Takes timeout_s at most; then what was answered until there is returned, with the complaint that the rest was late.
    """
    command = ["psql", "--no-psqlrc", "--no-password", "--quiet", "--tuples-only", "--no-align"]
    command.append(f"--set=cameras={settings.cameras}")
    script = "".join(query.statement for query in queries)
    environment = os.environ | {
        "PGHOST": ",".join(host.address for host in hosts),
        "PGDATABASE": settings.database,
        "PGUSER": settings.user,
        "PGTARGETSESSIONATTRS": wanted,
        "PGCONNECT_TIMEOUT": str(CONNECT_S),
        "PGAPPNAME": "camgrid_metrics",
        "PGOPTIONS": f"-c statement_timeout={STATEMENT_S}s -c default_transaction_read_only=on",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": settings.ca_certificate,
        "PGSSLCERT": settings.certificate,
        "PGSSLKEY": settings.certificate,
    }
    try:
        run = subprocess.run(
            command, input=script, capture_output=True, text=True, timeout=timeout_s, env=environment, check=False
        )
    except subprocess.TimeoutExpired as late:
        told = late.stdout.decode(errors="replace") if late.stdout else ""
        return Answer(parse(told), f"no answer within {timeout_s:.0f} s")
    return Answer(parse(run.stdout), " ".join(run.stderr.split()))
