"""`camgrid bench ingest`: results by COPY, in batches of a camera, and one by one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

from camgrid.bench import data, pgbench
from camgrid.bench.data import FIRST_WRITTEN_ZONE
from camgrid.bench.ground import by_node, short
from camgrid.bench.replica import Replicated
from camgrid.bench.result import PLAIN, Figure
from camgrid.bench.rounds import Run, together, turns
from camgrid.bench.ways import ANY, OWN_NODE, Question, lanes, ways

BATCH = 100
REPLICATED = "plain with a replica"
# Rows of one COPY for each camera.
_COPIED = 200


def inserts(name: str, size: int, month: int) -> Question:
    """A statement that stores `size` results of one camera. month: the moment from which on they are."""
    values = ", ".join(f"(:camera, :own, to_timestamp({month} + :seq + {n}), 1, 2, 3)" for n in range(size))
    return Question(
        name,
        'INSERT INTO {counting_results} (camera_id, zone_id, "timestamp", count_in, count_out, total_count)'  # noqa: S608 - our own numbers
        f" VALUES {values} ON CONFLICT DO NOTHING;\n",
        # pgbench keeps its variables from one transaction to the next.
        before=f"\\set own :zone + :client_id\n\\set seq (:seq + {size}) % 2000000\n",
        # More than 255 parameters are too many for pgbench.
        protocol="prepared" if size == 1 else "simple",
        writes=True,
    )


def measure(run: Run) -> list[Figure]:
    """Rows a second of each kind, in every way."""
    replicated = Replicated(run.bed)
    figures = _copies(run, replicated)
    month = int(run.ground.months()[-1][0].timestamp())
    for what, size in ((f"batches of {BATCH} rows", BATCH), ("single rows", 1)):
        question = inserts(f"insert{size}", size, month)
        each = []
        for number, way in enumerate([*ways(run.homes, question), REPLICATED]):
            figure = Figure("ingest", what, way, "rows/s")
            each.append((figure, _inserting(run, question, way, size, number, replicated)))
        turns(run.rounds, each)
        figures += [figure for figure, _ in each]
    return figures


def _inserting(
    run: Run, question: Question, way: str, size: int, number: int, replicated: Replicated
) -> Callable[[int], tuple[float, float | None]]:
    def measured(turn: int) -> tuple[float, float | None]:
        # Zones of their own for each turn: no row is there already.
        zone = FIRST_WRITTEN_ZONE + (size % 7 * 100 + number * 20 + turn) * 1000
        more = (("zone", zone), ("seq", 0))
        at = PLAIN if way == REPLICATED else way
        made = list(lanes(run.bed, run.ground, run.homes, question, at, run.clients, variables=more))
        with replicated if way == REPLICATED else nullcontext():
            per_second, p99 = together(pgbench.run(run.bed, made, run.seconds))
        return per_second * size, p99

    return measured


def _copies(run: Run, replicated: Replicated) -> list[Figure]:
    """COPY of one file through one connection; and, where cameras have nodes, of one file for each node at once."""
    bed, ground = run.bed, run.ground
    total = _COPIED * len(ground.cameras)
    start = int(ground.months()[-1][0].timestamp())

    def prepare(turn: int, side: int) -> int:
        zone = FIRST_WRITTEN_ZONE - 500 + turn * 4 + side
        query = data.made(ground.cameras[0], ground.cameras[-1], start, 60, _COPIED, zone)
        bed.shell(f"{data.plain_psql(bed)} >copy.rows", f"COPY ({query}) TO STDOUT;")
        return zone

    def plain(turn: int) -> tuple[float, None]:
        prepare(turn, 0)
        return total / data.copy(bed, data.plain_psql(bed), "copy.rows"), None

    def with_replica(turn: int) -> tuple[float, None]:
        prepare(turn, 3)
        with replicated:
            return total / data.copy(bed, data.plain_psql(bed), "copy.rows"), None

    def anywhere(turn: int) -> tuple[float, None]:
        prepare(turn, 1)
        psql = data.psql_to(bed, ground.endpoint("ingest", "writer"))
        return total / data.copy(bed, psql, "copy.rows"), None

    def at_nodes(turn: int) -> tuple[float, None]:
        prepare(turn, 2)
        nodes = list(by_node(run.homes))
        for node, homes in nodes:
            bed.put("cameras", "\n".join(str(camera) for home in homes for camera in home.cameras) + "\n")
            bed.shell(f"awk 'NR==FNR{{c[$1];next}} $1 in c' cameras copy.rows >copy-{short(node)}.rows")

        def copied(node) -> float:
            psql = data.psql_to(bed, ground.node(node, "writer"), f"psql-{short(node)}")
            return data.copy(bed, psql, f"copy-{short(node)}.rows")

        with ThreadPoolExecutor(len(nodes)) as pool:
            return total / max(pool.map(copied, [node for node, _ in nodes])), None

    ways_of = [(PLAIN, plain), (REPLICATED, with_replica), (ANY, anywhere)] + (
        [(OWN_NODE, at_nodes)] if run.homes[0].position is not None else []
    )
    each = [(Figure("ingest", f"COPY of {total:,} rows", way, "rows/s"), measure) for way, measure in ways_of]
    turns(run.rounds, each)
    return [figure for figure, _ in each]
