"""`camgrid bench`: how fast the cluster is, beside a plain PostgreSQL on the same machine."""

from __future__ import annotations

import json
from pathlib import Path

import click

from camgrid.bench import plot, result
from camgrid.bench.bed import default_host
from camgrid.bench.ground import MOST_CAMERAS, Ground
from camgrid.bench.run import SCENARIOS, Wanted, run
from camgrid.cli.app import App, json_option
from camgrid.console import confirm, emit_json, say
from camgrid.report.charts import library
from camgrid.report.output import whole


@click.command("bench")
@click.argument("scenarios", nargs=-1, type=click.Choice(SCENARIOS))
@click.option("--cameras", type=click.IntRange(2, MOST_CAMERAS), default=1000, show_default=True, help="Simulated.")
@click.option("--results", type=click.IntRange(1), default=864, show_default=True, help="Of each, stored beforehand.")
@click.option("--days", type=click.IntRange(1), help="Over which they spread.  [default: the newest twelve months]")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Each way has a turn in each.")
@click.option("--seconds", type=click.IntRange(1), default=5, show_default=True, help="Of a turn.")
@click.option("--clients", type=click.IntRange(1), default=16, show_default=True, help="Connections of each way.")
@click.option("--rate", type=click.IntRange(1), default=1000, show_default=True, help="Results a second in `mixed`.")
@click.option("--batch", type=click.IntRange(1, 100), default=1, show_default=True, help="Results sent at once in it.")
@click.option("--host", help="Where pgbench and the plain PostgreSQL run.  [default: the coordinator's last replica]")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the JSON to this file too.")
@click.option("--plot", "picture", type=click.Path(path_type=Path, dir_okay=False), help="Draw it: .svg or .png.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def command(
    app: App,
    scenarios: tuple[str, ...],
    cameras: int,
    results: int,
    days: int | None,
    rounds: int,
    seconds: int,
    clients: int,
    rate: int,
    batch: int,
    host: str | None,
    output: Path | None,
    picture: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Measure the cluster and, in the same rounds, a plain PostgreSQL of the same version with stock settings.

    SCENARIOS: ingest, read, mixed, report; all when none is named. The cluster gets as much load as it can take.
    """
    if picture:
        library()
    ground = Ground(app, cameras)
    wanted = Wanted(
        scenarios or SCENARIOS,
        cameras,
        results,
        days,
        rounds,
        seconds,
        clients,
        rate,
        batch,
        host or default_host(app.topology),
    )
    confirm(
        f"Cluster {app.topology.cluster} gets all the load that it can take, and {cameras * results:,} results of"
        f" cameras {ground.cameras[0]} to {ground.cameras[-1]}, which are taken away again. On {wanted.host} a plain"
        " PostgreSQL runs meanwhile.",
        yes=yes,
    )
    found = run(ground, wanted)
    if output:
        with whole(output) as part:
            part.write_text(json.dumps(found, default=str, indent=1) + "\n")
    if picture:
        noise = found["meta"]["noise"]
        spread = f", plain varied by {noise:.0%}" if noise is not None else ""
        plot.draw(found["figures"], f"{found['meta']['machine']['cores']} cores for all of it{spread}", picture)
    if as_json:
        emit_json(found)
        return
    result.show(found["figures"])
    if found["meta"]["noise"] is not None:
        say(f"the machine's noise: plain figures varied by up to {found['meta']['noise']:.0%} between rounds")
