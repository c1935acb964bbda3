"""The `camgrid` command: one module a verb, each adding itself to the group below."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module

import click
import psycopg

from camgrid import errors
from camgrid.cli.app import App
from camgrid.console import say

# verb → module; a verb's module is imported when it is asked for, so that `camgrid status` stays quick.
VERBS = {
    "alerts": "alerts",
    "backup": "backup",
    "bench": "bench",
    "bundle": "bundle",
    "capacity": "capacity",
    "chaos": "chaos",
    "check": "check",
    "endpoints": "endpoints",
    "import": "import_",
    "nodes": "nodes",
    "partitions": "partitions",
    "phase": "phase",
    "query": "query",
    "rebalance": "rebalance",
    "region": "region",
    "replication": "replication",
    "report": "report",
    "restore": "restore",
    "roles": "roles",
    "schema": "schema",
    "shards": "shards",
    "status": "status",
}


class ReaderGoneError(Exception):
    """Nobody reads stdout any more."""


class Verbs(click.Group):
    """A click group whose commands live in modules of their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def invoke(self, ctx: click.Context) -> object:
        """Runs a verb. click would make a broken pipe an exit code of 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderGoneError from error

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        return import_module(f"camgrid.cli.{VERBS[name]}").command


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-i",
    "--inventory",
    envvar="CAMGRID_INVENTORY",
    metavar="PATH",
    help="Inventory of the cluster, such as inventory/lab. Without it libpq's own variables are used.",
)
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.version_option(package_name="camgrid")
@click.pass_context
def camgrid(ctx: click.Context, inventory: str | None, debug: bool) -> None:
    """Watch, grow, query and move a distributed PostgreSQL for camera counts."""
    ctx.obj = App(inventory, debug)


def main() -> None:
    """Entry point: runs the verb and turns every failure into one of the documented exit codes."""
    debug = "--debug" in sys.argv
    try:
        code = camgrid.main(prog_name="camgrid", standalone_mode=False)
    except click.Abort:
        say("interrupted; nothing more was changed")
        code = errors.EXIT_INTERRUPTED
    except KeyboardInterrupt:
        say("interrupted")
        code = errors.EXIT_INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = errors.EXIT_USAGE
    except errors.CamgridError as error:
        _show(f"error: {error}", debug)
        code = error.exit_code
    except psycopg.Error as error:
        _show(f"error: the database refused: {str(error).strip()}", debug)
        code = errors.EXIT_FAILED
    except ReaderGoneError:
        code = errors.EXIT_OK
    except OSError as error:
        _show(f"error: {error}", debug)
        code = errors.EXIT_FAILED
    except Exception as error:  # noqa: BLE001 - a mistake in camgrid is no reason for a traceback either
        _show(f"error: {type(error).__name__}: {error}\n  next: report this, with what --debug shows", debug)
        code = errors.EXIT_FAILED
    sys.exit(_flushed(code if isinstance(code, int) else errors.EXIT_OK))


def _flushed(code: int) -> int:
    """The exit code once stdout is out; fine when its reader went away (`| head`), which is no failure."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        nobody = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nobody, sys.stdout.fileno())  # Python flushes again at exit and would complain
        return errors.EXIT_OK
    return code


def _show(text: str, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    say(text)
