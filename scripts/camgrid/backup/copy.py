"""A copy of the cluster on a spare host: where it is, what it holds, and rows of it for the living cluster."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

from camgrid.backup import checksums, plan
from camgrid.backup.places import COPY_PORT
from camgrid.backup.points import Point
from camgrid.backup.repository import Stanza
from camgrid.connect import DATABASE
from camgrid.errors import CamgridError, UsageError
from camgrid.inventory import Inventory
from camgrid.remote import Host
from camgrid.topology import Topology


@dataclass(frozen=True)
class Seen:
    """What a copy holds. halves: prepared transactions that nobody settled; broken: what amcheck found, by group."""

    sums: checksums.Checksums
    halves: int
    broken: dict[int, str]

    @property
    def rows(self) -> dict[str, int]:
        """Table → how many rows it has."""
        return checksums.rows(self.sums)


class Copy:
    """The copy on a spare host. UsageError when the inventory has no such host."""

    def __init__(self, inventory: Inventory, topology: Topology, name: str | None = None) -> None:
        spares = topology.spares()
        if not spares or (name and name not in spares):
            raise UsageError(
                f"{name} is no spare host" if spares else "the inventory has no spare host to restore a copy on",
                where=str(inventory.path),
                hint=", ".join(spares) or "name one in the group spare and run playbooks/site.yml",
            )
        self.topology, self.host = topology, Host(inventory, name or spares[0])

    def variables(self, point: Point, stanzas: Iterable[Stanza]) -> dict[str, Any]:
        """What playbooks/restore_copy.yml needs to make a copy of a point."""
        hosts = dict.fromkeys(self.topology.groups(), self.host.name)
        steps = plan.steps(point, stanzas, hosts)
        groups = {str(step.group): step.as_variables() for step in steps}
        return {"restore_point": point.name, "restore_groups": groups} | self.target(remove=False)

    def target(self, *, remove: bool) -> dict[str, Any]:
        """Where the playbook works, and whether it deletes the copy that is there."""
        return {"restore_host": self.host.name, "restore_remove": remove}

    def sql(self, query: str, group: int = 0) -> list[str]:
        """The lines that a query of one column returns in the copy."""
        return self.host.run(self._psql(group), query).splitlines()

    def _psql(self, group: int) -> str:
        words = ["runuser", "-u", "postgres", "--", "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]
        words += ["--set=ON_ERROR_STOP=1", f"--port={COPY_PORT + group}", f"--dbname={DATABASE}"]
        return shlex.join([*words, "--host=/run/postgresql"])

    def look(self) -> Seen:
        """Sums every shard, and lets PostgreSQL check every table and index."""
        query = f"SELECT to_json(x) FROM ({_sums(self.topology.sharded)}) AS x"  # noqa: S608  our own names alone
        sums: checksums.Checksums = {}
        for line in self.sql(query):
            told = json.loads(line)
            sums.setdefault(told["name"], {})[str(told["shard"])] = told["result"].split()
        groups = self.topology.groups()
        halves = sum(int(self.sql("SELECT count(*) FROM pg_prepared_xacts", group)[0]) for group in groups)
        return Seen(sums, halves, {group: text for group in groups if (text := self._broken(group))})

    def _broken(self, group: int) -> str:
        """The first lines of what pg_amcheck complains about; "" when nothing is broken."""
        binary = f"/usr/lib/postgresql/{self.topology.postgresql_version}/bin/pg_amcheck"
        # The extension is made on each server of the copy by itself.
        words = [
            "PGOPTIONS=-ccitus.enable_ddl_propagation=off",
            "runuser",
            "-u",
            "postgres",
            "--",
            binary,
            "--install-missing",
            f"--port={COPY_PORT + group}",
        ]
        try:
            self.host.run(shlex.join(["env", *words, "--host=/run/postgresql", DATABASE]))
        except CamgridError as error:
            return error.what
        return ""

    def fetch(self, table: str, camera: int, start: datetime, end: datetime) -> Iterator[bytes]:
        """The rows of a camera and a time in COPY's text format, piece by piece, without ever holding all of them."""
        query = sql.SQL(
            'COPY (SELECT * FROM camgrid.{} WHERE camera_id = {} AND "timestamp" >= {} AND "timestamp" < {}) TO STDOUT'
        )
        text = query.format(sql.Identifier(table), camera, start.isoformat(), end.isoformat()).as_string()
        yield from self.host.stream(self._psql(0), text)


def _sums(sharded: bool) -> str:
    """SQL for checksums.take(), in one statement: name, shard and result of each."""
    parts = []
    for table in checksums.TABLES:
        name = f"camgrid.{table}"
        if sharded and table != "cameras":
            body = checksums.SUM.format("%s").replace("'", "''")
            shards = f"run_command_on_shards('{name}', '{body}')"
            parts.append(f"SELECT '{table}' AS name, shardid::text AS shard, result FROM {shards}")  # noqa: S608
        else:
            parts.append(f"SELECT '{table}' AS name, '{table}' AS shard, ({checksums.SUM.format(name)}) AS result")
    return " UNION ALL ".join(parts)


def store(conn: psycopg.Connection, table: str, pieces: Iterable[bytes]) -> int:
    """Puts rows in COPY's text format into the living cluster; what is there already stays as it is.

    conn: the superuser's, in a transaction. Returns how many rows were missing. Raises psycopg.Error; nothing is
    stored then.
    """
    target = sql.Identifier("camgrid", table)
    conn.execute(sql.SQL("CREATE TEMPORARY TABLE fetched (LIKE {}) ON COMMIT DROP").format(target))
    with conn.cursor().copy("COPY fetched FROM STDIN") as copy:
        for piece in pieces:
            copy.write(piece)
    # Citus counts the rows that are offered; those that are returned are those that were stored.
    query = sql.SQL("INSERT INTO {} SELECT * FROM fetched ON CONFLICT DO NOTHING RETURNING 1")
    return len(conn.execute(query.format(target)).fetchall())
