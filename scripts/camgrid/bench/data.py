"""The rows that both sides are asked about: made by the plain PostgreSQL, stored in both, taken away at the end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from camgrid.bench.bed import Bed
from camgrid.bench.ground import TABLES, Ground
from camgrid.connect import DATABASE
from camgrid.console import say
from camgrid.errors import UsageError

COLUMNS = 'camera_id, zone_id, "timestamp", count_in, count_out, total_count, confidence'
_LATEST = f"""
    INSERT INTO camgrid.camera_latest SELECT DISTINCT ON (camera_id, zone_id) {COLUMNS}
    FROM camgrid.counting_results ORDER BY camera_id, zone_id, "timestamp" DESC;
    VACUUM ANALYZE;"""  # noqa: S608 - our own names
# Rows of the scenarios that write have zones of their own, so that none meets another's key.
FIRST_WRITTEN_ZONE = 1000


@dataclass(frozen=True)
class Span:
    """Results of every camera, one each `every`, from start on."""

    start: datetime
    every: timedelta
    results: int

    @property
    def days(self) -> int:
        """Whole days that it covers."""
        return max(1, int(self.every * self.results / timedelta(days=1)))


def oldest(ground: Ground) -> datetime:
    """The beginning of the newest twelve months that follow each other, or of fewer: where benchmarks store.

    UsageError when there is no month.
    """
    months = ground.months()
    if not months:
        raise UsageError("no month can be stored", hint="camgrid partitions ensure")
    start = months[-1][0]
    for begins, ends in reversed(months[-12:-1]):
        if ends != start:  # what is between would be refused
            break
        start = begins
    return start


def span(ground: Ground, results: int, days: int | None = None) -> Span:
    """`results` results of each camera, spread evenly over the time since oldest().

    days: over so many days instead. UsageError when the cluster has no months for them.
    """
    first = oldest(ground)
    end = datetime.now(first.tzinfo)
    start = end.replace(minute=0, second=0, microsecond=0) - timedelta(days=days) if days else first
    if start < first:
        raise UsageError(
            f"the cluster's months begin at {first:%Y-%m-%d}, and {days} days were asked for",
            hint=f"fewer --days, or: camgrid partitions ensure --from {start:%Y-%m}",
        )
    return Span(start, (end - start) / results, results)


def copy_schema(bed: Bed, ground: Ground) -> None:
    """Gives the plain PostgreSQL the cluster's tables with their months and indexes, and none of what keeps rollups."""
    tables = " ".join(f"-t camgrid.{table} -t 'camgrid.{table}_y*'" for table in TABLES)
    dump = f"{bed.bin}/pg_dump --format=custom --schema-only --no-owner --no-privileges {tables} {_columnar(ground)}"
    bed.shell(f"{dump} --file=schema.dump {DATABASE}")
    psql = plain_psql(bed)
    types = "".join(
        f"CREATE TYPE camgrid.event_{kind} AS ENUM ({_labels(ground, kind)});" for kind in ("type", "severity")
    )
    bed.shell(psql, f"CREATE SCHEMA camgrid; {types}")
    bed.shell(
        f"{bed.bin}/pg_restore --list schema.dump | grep -v -e TRIGGER -e 'FK CONSTRAINT' >schema.list;"
        f" {bed.bin}/pg_restore --use-list=schema.list --no-owner --file=- schema.dump | {psql} >schema.out"
    )


def load(bed: Bed, ground: Ground, rows: Span) -> dict[str, float]:
    """Stores the rows on both sides and brings rollups up to date; the seconds of each."""
    first, last = ground.cameras[0], ground.cameras[-1]
    query = made(first, last, rows.start.timestamp(), rows.every / timedelta(seconds=1), rows.results)
    bed.shell(f"{plain_psql(bed)} >rows.copy", f"COPY ({query}) TO STDOUT;")
    took = {}
    for side, psql in (("plain", plain_psql(bed)), ("cluster", psql_to(bed, ground.endpoint("ingest", "writer")))):
        say(f"bench: {rows.results * len(ground.cameras):,} rows into the {side}")
        took[side] = copy(bed, psql, "rows.copy")
    bed.shell(plain_psql(bed), _LATEST)
    refresh(ground)
    return took


def copy(bed: Bed, psql: str, file: str) -> float:
    """Seconds of one COPY of a file of rows into counting_results."""
    told = bed.shell(psql, f"\\timing on\n\\copy camgrid.counting_results ({COLUMNS}) FROM {file}\n")
    return float(told.split("Time: ")[-1].split()[0]) / 1000


def refresh(ground: Ground) -> None:
    """Brings the cluster's rollups up to date, and the planner's knowledge of what was loaded."""
    with ground.admin() as conn:
        conn.execute("CALL camgrid.refresh_rollups()")
        conn.execute("ANALYZE camgrid.counting_results, camgrid.camera_latest, camgrid.counts_hourly")


def remove(ground: Ground) -> None:
    """Takes away all that benchmarks stored in the cluster."""
    # With the time as a value, so that archived months, which take no DELETE, are left out.
    since = oldest(ground)
    with ground.admin() as conn:
        for table in TABLES[:2]:
            conn.execute(
                f"DELETE FROM camgrid.{table}"  # noqa: S608 - our own names
                ' WHERE camera_id BETWEEN %s AND %s AND "timestamp" >= %s',
                (ground.cameras[0], ground.cameras[-1], since),
            )
        conn.execute("CALL camgrid.refresh_rollups()")


def made(first: int, last: int, start: float, step: float, results: int, zone: int = 0) -> str:
    """The query that makes results of cameras first to last: one each `step` seconds from start, as seconds of the
    epoch, on."""
    return (
        f"SELECT c, {zone}, to_timestamp({start} + n * {step}), (c * 7 + n * 13) % 40,"  # noqa: S608 - our own numbers
        f" (c * 5 + n * 11) % 40, (c * 7 + n * 13) % 40 + (c * 5 + n * 11) % 40, 0.9"
        f" FROM generate_series(0, {results - 1}) AS n, generate_series({first}, {last}) AS c"
    )


def _columnar(ground: Ground) -> str:
    """pg_dump's options that leave months out that a plain PostgreSQL cannot have."""
    query = """
        SELECT c.relname FROM pg_class AS c JOIN pg_am AS a ON a.oid = c.relam
        WHERE a.amname = 'columnar' AND c.relnamespace = 'camgrid'::regnamespace"""
    with ground.admin() as conn:
        return " ".join(f"-T camgrid.{name}" for (name,) in conn.execute(query))


def _labels(ground: Ground, which: str) -> str:
    query = "SELECT enumlabel FROM pg_enum WHERE enumtypid = %s::regtype ORDER BY enumsortorder"
    with ground.admin() as conn:
        return ", ".join(f"'{label}'" for (label,) in conn.execute(query, (f"camgrid.event_{which}",)))


def plain_psql(bed: Bed) -> str:
    """The command that runs psql's input on the plain PostgreSQL."""
    return psql_to(bed, bed.plain(), "psql-plain")


def psql_to(bed: Bed, wanted: dict[str, Any], name: str = "psql-cluster") -> str:
    """The command that runs psql's input where libpq's parameters say. name: tells several at once apart."""
    return f"{bed.environment(name, wanted)} {bed.bin}/psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1"
