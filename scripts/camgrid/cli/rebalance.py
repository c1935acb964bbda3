"""`camgrid rebalance`: move shards between worker groups while cameras write."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import click
import psycopg

from camgrid import health, patroni
from camgrid.cli.app import App, json_option
from camgrid.console import confirm, emit_json, say
from camgrid.errors import EXIT_FAILED, EXIT_OK, EXIT_UNHEALTHY, CamgridError, UsageError
from camgrid.rebalance import control, disk, obstacles, orphans, plan, throttle, view, watch
from camgrid.rebalance import job as jobs
from camgrid.rebalance.layout import LOAD_SECONDS, require_citus

by_option = click.option(
    "--by", type=click.Choice(sorted(plan.STRATEGIES)), default="size", show_default=True, help="What is evened out."
)
at_once_option = click.option(
    "--at-once", type=click.IntRange(1, 16), default=1, show_default=True, help="Moves that each worker takes part in."
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group("rebalance")
def command() -> None:
    """Even out the worker groups, shard by shard, while cameras write.

    The moves are a job inside the coordinator: they go on without this command and through a failover.
    """


@command.command("plan")
@by_option
@at_once_option
@click.option("--load/--no-load", default=True, show_default=True, help="Measure the load for some seconds.")
@json_option
@click.pass_obj
def show_plan(app: App, by: str, at_once: int, load: bool, as_json: bool) -> int:
    """Show each move, its bytes and time, the balance before and after, and what stands in the way.

    Exit code 3 when shards would move or something stands in the way.
    """
    with connected(app) as conn:
        found = checked(app, conn, plan.make(conn, by, at_once=at_once, load_seconds=LOAD_SECONDS if load else 0))
    if as_json:
        emit_json(plan.as_json(found))
    else:
        view.show_plan(found)
    return EXIT_UNHEALTHY if found.moves or found.obstacles else EXIT_OK


@command.command()
@by_option
@at_once_option
@click.option("--watch", "follow", is_flag=True, help="Watch it until it ends.")
@yes_option
@json_option
@click.pass_obj
def start(app: App, by: str, at_once: int, follow: bool, yes: bool, as_json: bool) -> int:
    """Begin to move what `plan` shows. Refuses while something stands in the way."""
    with connected(app) as conn:
        found = checked(app, conn, plan.make(conn, by, at_once=at_once))
        job = begin(app, conn, found, at_once=at_once, yes=yes, as_json=as_json)
    if as_json and not follow:
        emit_json({"job": job, "moves": len(found.moves), "bytes": found.bytes})
    return following(app, as_json) if follow and job else EXIT_OK


@command.command("watch")
@click.option("--interval", type=click.FloatRange(0.5), default=2.0, show_default=True, metavar="SECONDS")
@click.option("--once", is_flag=True, help="Look once and end; exit code 3 when something is stuck.")
@json_option
@click.pass_obj
def watch_job(app: App, interval: float, once: bool, as_json: bool) -> int:
    """Follow the rebalance until it ends: bytes, rate, time left, and why a move does not get on.

    Ctrl-C ends the looking, not the moves. Exit code 1 when it failed, 3 when it was stopped or is stuck.
    """
    return following(app, as_json, interval=interval, once=once)


@command.command()
@json_option
@click.pass_obj
def pause(app: App, as_json: bool) -> int:
    """Let the moves under way finish, and begin no other until `resume`."""
    with connected(app) as conn:
        job = running(conn)
        say(f"{job.summary}; waiting for the moves under way")
        control.hold(conn, job.id, lambda now: None)
        now = jobs.last(conn)
    return _told(now, as_json, "next: camgrid rebalance resume")


@command.command()
@by_option
@at_once_option
@yes_option
@json_option
@click.pass_obj
def resume(app: App, by: str, at_once: int, yes: bool, as_json: bool) -> int:
    """Go on: after `pause`, at once after a failure, and with a new plan after a stop or an end by failure."""
    with connected(app) as conn:
        job = jobs.last(conn)
        if job and not job.ended:
            control.release(conn, job.id)
            return _told(jobs.last(conn), as_json, "next: camgrid rebalance watch")
        found = checked(app, conn, plan.make(conn, by, at_once=at_once))
        begin(app, conn, found, at_once=at_once, yes=yes, as_json=as_json)
        return _told(jobs.last(conn), as_json, "")


@command.command()
@yes_option
@json_option
@click.pass_obj
def stop(app: App, yes: bool, as_json: bool) -> int:
    """End it now: moves under way are undone, moves that are done stay."""
    with connected(app) as conn:
        job = running(conn)
        confirm(f"{job.summary}; moves under way are undone", yes=yes)
        control.stop(conn, job.id)
        throttle.reset(app)
        now = jobs.last(conn)
    return _told(now, as_json, "next: camgrid rebalance resume makes a new plan")


@command.command()
@yes_option
@json_option
@click.pass_obj
def clean(app: App, yes: bool, as_json: bool) -> int:
    """Remove what ended or failed moves have left on the nodes, orphaned shards too.

    Exit code 3 when something is left still.
    """
    with connected(app) as conn:
        listed, lost = control.leftovers(conn), orphans.find(conn)
        if listed or lost:
            lines = [f"  {each.table} on group {each.group} is no placement of any shard" for each in lost]
            confirm("\n".join([f"{listed} things are on Citus's own list to be removed", *lines]), yes=yes)
        orphans.hand_over(conn, lost)
        after = control.clean(conn)
    if as_json:
        emit_json({"listed": listed, "orphans": [vars(each) for each in lost], "left": after})
    else:
        say(f"{listed} things were left by moves and {len(lost)} orphaned shards; {after} are left now")
    return EXIT_UNHEALTHY if after else EXIT_OK


def connected(app: App) -> psycopg.Connection:
    """The superuser's connection to the coordinator. UsageError where nothing is sharded."""
    conn = app.connect("admin", autocommit=True)
    try:
        require_citus(conn)
    except UsageError:
        conn.close()
        raise
    return conn


def checked(app: App, conn: psycopg.Connection, found: plan.Plan) -> plan.Plan:
    """The plan with all that stands in its way."""
    found.obstacles += health.member_findings(patroni.members(app.inventory, app.topology))
    found.obstacles += obstacles.of_database(conn, jobs.last(conn))
    found.delays += obstacles.delays(conn)
    if found.moves:
        found.obstacles += obstacles.of_disks(disk.disks(conn), found.moves)
    return found


def begin(
    app: App,
    conn: psycopg.Connection,
    found: plan.Plan,
    *,
    at_once: int,
    yes: bool,
    as_json: bool = False,
    before: Callable[[], None] = lambda: None,
) -> int | None:
    """Shows a plan, asks, and starts it. Returns the job's number, None when there was nothing to do.

    before: what is to be done first, once it was agreed to. CamgridError when something stands in the way.
    """
    if not as_json:
        view.show_plan(found)
    if found.obstacles:
        first = found.obstacles[0]
        raise CamgridError(
            f"nothing was moved: {len(found.obstacles)} thing(s) in the way, first: {first.where}: {first.what}",
            hint=first.next,
        )
    if not found.moves:
        before()
        say("nothing to move")
        return None
    confirm(f"{len(found.moves)} moves, {at_once} at a time on each worker", yes=yes)
    before()
    throttle.set_at_once(app, at_once)
    job = control.start(conn, found.by, drain_only=found.drain_only, at_once=at_once)
    say(f"job {job} has begun; next: camgrid rebalance watch")
    return job


def running(conn: psycopg.Connection) -> jobs.Job:
    """The rebalance that has not ended. UsageError when there is none."""
    job = jobs.last(conn)
    if job is None or job.ended:
        last = f" (the last was {job.summary})" if job else ""
        raise UsageError(f"no rebalance runs{last}", hint="camgrid rebalance plan")
    return job


def following(app: App, as_json: bool, *, interval: float = 2.0, once: bool = False) -> int:
    """Shows the rebalance until it ends and returns the exit code."""
    job, findings = None, []
    with watch.shown() as tell:
        try:
            for found in watch.looks(lambda: connected(app), interval):
                job, told, findings = found
                if as_json:
                    sys.stdout.write(json.dumps(told | {"stuck": view.findings_json(findings)}, default=str) + "\n")
                    sys.stdout.flush()
                else:
                    tell(told, findings)
                if once:
                    break
        except KeyboardInterrupt:
            say("the moves go on without this terminal; look again: camgrid rebalance watch")
            raise
    if job is None:
        say("there was no rebalance yet; next: camgrid rebalance plan")
        return EXIT_OK
    for task in job.tasks if job.state == "failed" else ():
        if task.status == "error":
            say(f"shard {task.shard}: {task.trouble}; next: mend the cause, then: camgrid rebalance resume")
    if job.ended:
        throttle.reset(app)
    if job.state == "failed":
        return EXIT_FAILED
    return EXIT_UNHEALTHY if findings or job.state == "cancelled" else EXIT_OK


def _told(job: jobs.Job | None, as_json: bool, then: str) -> int:
    if as_json:
        emit_json({"job": job.id, "state": "paused" if job.held else job.state} if job else {})
    elif job:
        say("; ".join(part for part in (job.summary, then) if part))
    return EXIT_OK
