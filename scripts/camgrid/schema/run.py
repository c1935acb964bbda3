"""What a database lacks, as a list of steps, and doing them. Runs as the superuser on the coordinator's primary."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from camgrid.connect import DATABASE
from camgrid.errors import CamgridError
from camgrid.schema import files, passwords, rollups, spread
from camgrid.schema.step import Connection, Step

# extension → its schema. dblink has one of its own that nobody but the superuser may use: it opens connections.
_EXTENSIONS = {"pg_stat_statements": "public", "pg_cron": "pg_catalog", "dblink": "dblink"}
# Comes with Citus's packages as an extension of its own; months are archived where it is.
_COLUMNAR = "citus_columnar"
_LOCK = 7_226_474_483  # any number of our own: two operators do not apply at once

_BOOKKEEPING = """
CREATE SCHEMA IF NOT EXISTS camgrid_schema;
CREATE TABLE IF NOT EXISTS camgrid_schema.applied (
    kind text NOT NULL, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, name)
);
COMMENT ON TABLE camgrid_schema.applied IS 'Files of sql/ that this database has, and the checksum they had';
"""


def pending(
    conn: Connection, secrets: dict[str, str], worker_groups: set[int], root: Path = files.SQL
) -> Iterator[Step]:
    """Steps in their order. secrets: login → password; worker_groups: over which tables are distributed.

    Raises CamgridError when an applied migration was edited or the database knows one that the project lacks.
    """
    if worker_groups:
        _await_groups(conn, worker_groups)
    applied = _applied(conn)
    installed = {name for (name,) in conn.execute("SELECT extname FROM pg_extension")}
    # What was there before Citus is on this node alone; made again, it is on all of them.
    here_only = spread.here_only(conn) if worker_groups else spread.NOTHING
    for extension, schema in _EXTENSIONS.items():
        if extension not in installed or extension in here_only.extensions:
            yield Step("extension", extension, _create_extension(extension, schema))
    if "citus" in installed and _COLUMNAR not in installed and _available(conn, _COLUMNAR):
        yield Step("extension", _COLUMNAR, _create_extension(_COLUMNAR, "pg_catalog"))
    if not _everywhere(conn, _SEARCH_PATH_SET):
        yield Step("setting", "search_path", _set_search_path)
    if worker_groups and not _everywhere(conn, _PATIENT):
        yield Step("setting", "no end of the superuser's transactions", _be_patient)
    for role in here_only.roles:
        yield Step("role on all nodes", role, spread.role(role))
    known = files.migrations(root)
    _refuse_edited(known, applied)
    for migration in known:
        if ("migration", migration.name) not in applied:
            yield Step("migration", migration.name, _file("migration", migration))
    yield from _passwords(conn, secrets)
    for function in files.functions(root):
        if applied.get(("function", function.name)) != function.checksum or function.name in here_only.functions:
            yield Step("function", function.name, _file("function", function))
    if worker_groups and not spread.distributed(conn):
        yield Step("distribution", "tables by camera_id", spread.distribute, in_transaction=False)
    if not rollups.watched(conn):
        yield Step("triggers", "changes are noted for the rollups", rollups.watch, in_transaction=False)
    if not _partitions_ahead(conn):
        yield Step("partitions", "months ahead", _call("SELECT camgrid.ensure_partitions()"))


def apply(conn: Connection, steps: list[Step], done: Callable[[Step], None]) -> None:
    """Runs steps one after the other; done is called after each, so that progress can be shown."""
    conn.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
    conn.execute(_BOOKKEEPING)
    conn.commit()
    for step in steps:
        try:
            conn.autocommit = not step.in_transaction
            step.run(conn)
            conn.commit()
        except psycopg.Error as error:
            conn.rollback()
            raise CamgridError(
                f"{step.kind} {step.name} failed: {str(error).strip()}",
                where=f"database {DATABASE}",
                hint="what came before it is kept; mend the cause and run the same command again",
            ) from error
        done(step)


def database_missing(conn: Connection) -> bool:
    """Whether there is no database yet; Patroni makes it for Citus, nobody does otherwise."""
    return not conn.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).rowcount


def create_database(conn: Connection) -> None:
    """Creates the database. conn: to another one, in autocommit."""
    conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _await_groups(conn: Connection, wanted: set[int]) -> None:
    """Patroni registers the groups a few seconds after they started; tables must not be spread over some of them."""
    found = set()
    if spread.has_citus(conn):
        query = "SELECT groupid FROM pg_dist_node WHERE noderole = 'primary' AND isactive AND groupid > 0"
        found = {group for (group,) in conn.execute(query)}
    if wanted - found:
        raise CamgridError(
            f"worker group(s) {', '.join(map(str, sorted(wanted - found)))} are not registered with the coordinator",
            where="pg_dist_node",
            hint="Patroni does it once they run: look at `camgrid status`, then try again",
        )


def _applied(conn: Connection) -> dict[tuple[str, str], str]:
    if not conn.execute("SELECT to_regclass('camgrid_schema.applied')").fetchone()[0]:
        return {}
    rows = conn.execute("SELECT kind, name, checksum FROM camgrid_schema.applied")
    return {(kind, name): checksum for kind, name, checksum in rows}


def _refuse_edited(known: list[files.SqlFile], applied: dict[tuple[str, str], str]) -> None:
    checksums = {file.name: file.checksum for file in known}
    for (kind, name), checksum in applied.items():
        if kind != "migration" or checksums.get(name) == checksum:
            continue
        if name not in checksums:
            raise CamgridError(
                "the database has a migration that this checkout lacks",
                where=f"sql/migrations/{name}.sql",
                hint="update the checkout: it is older than the database",
            )
        raise CamgridError(
            "this migration was edited after it was applied",
            where=f"sql/migrations/{name}.sql",
            hint="restore the file (git checkout) and write the change as a new migration",
        )


def _passwords(conn: Connection, secrets: dict[str, str]) -> Iterator[Step]:
    verifiers = dict(conn.execute("SELECT rolname, rolpassword FROM pg_authid").fetchall())
    for login, password in secrets.items():
        if not passwords.matches(verifiers.get(login), password):
            yield Step("password", login, set_password(login, password))


def set_password(role: str, password: str) -> Callable[[Connection], object]:
    def run(conn: Connection) -> None:
        # Hashed here, so that the password itself is in no statement, log or view of the server; and the verifier in no
        # statistics of statements, on no node, as whoever may monitor reads those.
        if conn.execute("SELECT FROM pg_extension WHERE extname = 'citus'").rowcount:
            conn.execute("SET LOCAL citus.propagate_set_commands = 'local'")
        conn.execute("SET LOCAL pg_stat_statements.track_utility = off")
        hashed = conn.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        conn.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(hashed)))

    return run


def _file(kind: str, file: files.SqlFile) -> Callable[[Connection], object]:
    def run(conn: Connection) -> None:
        conn.execute(file.text)
        conn.execute("RESET ROLE")
        conn.execute(
            "INSERT INTO camgrid_schema.applied (kind, name, checksum) VALUES (%s, %s, %s)"
            " ON CONFLICT (kind, name) DO UPDATE SET checksum = excluded.checksum, applied_at = now()",
            (kind, file.name, file.checksum),
        )

    return run


def _create_extension(name: str, schema: str) -> Callable[[Connection], object]:
    def run(conn: Connection) -> None:
        where = sql.Identifier(schema)
        if not conn.execute("SELECT FROM pg_namespace WHERE nspname = %s", (schema,)).rowcount:
            conn.execute(sql.SQL("CREATE SCHEMA {}").format(where))
        statement = sql.SQL("CREATE EXTENSION IF NOT EXISTS {} SCHEMA {}")
        conn.execute(statement.format(sql.Identifier(name), where))

    return run


def _call(text: str) -> Callable[[Connection], object]:
    return lambda conn: conn.execute(text)


_SEARCH_PATH_SET = """
    SELECT EXISTS (
        SELECT FROM pg_db_role_setting AS s JOIN pg_database AS d ON d.oid = s.setdatabase
        WHERE d.datname = current_database() AND s.setrole = 0
            AND 'search_path=camgrid, public' = ANY (s.setconfig)
    )
"""
# While Citus copies a table, connections of the superuser's wait in transactions: for hours, where there is much.
_PATIENT = """
    SELECT EXISTS (
        SELECT FROM pg_db_role_setting WHERE setrole = 'postgres'::regrole AND setdatabase = 0
            AND 'idle_in_transaction_session_timeout=0' = ANY (setconfig)
    )
"""


def _everywhere(conn: Connection, query: str) -> bool:
    """Whether a query is true here and, with Citus, on the primary of every group."""
    if not conn.execute(query).fetchone()[0]:
        return False
    if not spread.has_citus(conn):
        return True
    others = conn.execute("SELECT result FROM run_command_on_workers(%s)", (query,))
    return all(result == "t" for (result,) in others)


def _be_patient(conn: Connection) -> None:
    # Citus sends it to all nodes itself; sent from here as well, the two would wait for each other.
    conn.execute("ALTER ROLE postgres SET idle_in_transaction_session_timeout = 0")


def _set_search_path(conn: Connection) -> None:
    statement = f"ALTER DATABASE {DATABASE} SET search_path = camgrid, public"
    conn.execute(statement)
    if spread.has_citus(conn):
        conn.execute("SELECT run_command_on_workers(%s)", (statement,))


def _available(conn: Connection, extension: str) -> bool:
    return conn.execute("SELECT FROM pg_available_extensions WHERE name = %s", (extension,)).rowcount > 0


def _partitions_ahead(conn: Connection) -> bool:
    if not conn.execute("SELECT to_regproc('camgrid.list_partitions')").fetchone()[0]:
        return False
    query = """
        SELECT count(*) FROM camgrid.partitioned_tables() AS t, camgrid.list_partitions(t) AS p
        WHERE p.start_date <= now() + interval '1 month' AND p.end_date > now() + interval '1 month'
    """
    return conn.execute(query).fetchone()[0] == len(list(conn.execute("SELECT camgrid.partitioned_tables()")))
