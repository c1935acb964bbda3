"""`camgrid bench read`: the newest result of a camera, and the last of a camera's day."""

from __future__ import annotations

from camgrid.bench import pgbench
from camgrid.bench.data import Span
from camgrid.bench.result import Figure
from camgrid.bench.rounds import Run, together, turns
from camgrid.bench.ways import Question, lanes, ways

LATEST = Question("latest", "SELECT * FROM {camera_latest} WHERE camera_id = :camera ORDER BY zone_id;\n")


def last_of_day(rows: Span) -> Question:
    """The newest result of one camera and day; Citus's plan of it is best made anew, for one month alone."""
    return Question(
        "day",
        'SELECT "timestamp", count_in, count_out FROM {counting_results} WHERE camera_id = :camera'
        ' AND "timestamp" >= to_timestamp(:day) AND "timestamp" < to_timestamp(:day + 86400)'
        ' ORDER BY "timestamp" DESC LIMIT 1;\n',
        before=f"\\set day {int(rows.start.timestamp())} + 86400 * random(0, {rows.days - 1})\n",
        citus_protocol="extended",
    )


def measure(run: Run) -> list[Figure]:
    """Reads a second of both questions, in every way."""
    figures = []
    for what, question in (("latest of a camera", LATEST), ("last of a camera's day", last_of_day(run.rows))):
        each = []
        for way in ways(run.homes, question):
            made = list(lanes(run.bed, run.ground, run.homes, question, way, run.clients))
            figure = Figure("read", what, way, "/s")
            each.append((figure, lambda _, made=made: together(pgbench.run(run.bed, made, run.seconds))))
        turns(run.rounds, each)
        figures += [figure for figure, _ in each]
    return figures
