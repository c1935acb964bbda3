"""The `scripts/lab` command: one function a verb."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType

import click

from camgrid import errors
from camgrid.console import emit_json, emit_table, say
from camgrid.lab import cut as cutting
from camgrid.lab import groups, image, inventory, machine
from camgrid.lab import host as hosts
from camgrid.lab import up as upping
from camgrid.lab.config import DEFAULT_NAME, Lab, all_labs
from camgrid.lab.down import down as take_down

name_option = click.option(
    "--name", default=DEFAULT_NAME, show_default=True, metavar="NAME", help="Which lab: several can exist side by side."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Stable JSON on stdout.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def lab_command(debug: bool) -> None:
    """A whole cluster on this machine: hosts as containers, made ready by the same playbooks as bare metal.

    Needs Debian 12 or later, root, 10 GB of disk and 6 GB of memory. Everything else it installs itself.
    """


@lab_command.command()
@name_option
@click.option("--subnet", metavar="CIDR", help="The lab's own network, 10.77.0.0/24 unless it has one already.")
@click.option(
    "--phase",
    type=click.Choice(inventory.LAB_PHASES),
    help="How far it is to grow, kept until another is said; without it as far as this machine can. It grows in place.",
)
@click.option("--without-citus", "phase", flag_value="read_scaling", help="The same as --phase read_scaling.", type=str)
@click.option("--with-citus", "phase", flag_value="horizontal", help="The same as --phase horizontal.", type=str)
@click.option(
    "--suite",
    type=click.Choice(list(image.SUITES)),
    help="Debian's release that the hosts are made with, for good; forky brings PostgreSQL 18. trixie without it.",
)
@click.option("--data", type=click.Path(path_type=Path), help="A CSV file to import instead of the sample.")
@click.option("--no-data", is_flag=True, help="Import nothing.")
@click.option(
    "--offline",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="BUNDLE",
    help="Give the hosts no way out, and this file of `camgrid bundle make` to install from.",
)
@click.option("--hosts-only", is_flag=True, help="Stop when the bare hosts run.")
def up(name: str, subnet: str | None, **options: object) -> int:
    """Make a lab, or bring one back: whatever is there already is kept."""
    return upping.up(Lab.open(name, subnet), upping.Options(**options))  # type: ignore[arg-type]


@lab_command.command("add-group")
@name_option
def add_group(name: str) -> None:
    """Boot the bare hosts of one more worker group, for playbooks/add_worker.yml to bring in."""
    groups.add(Lab.open(name))


@lab_command.command("drop-group")
@name_option
@click.argument("number", type=int)
def drop_group(name: str, number: int) -> None:
    """Remove the hosts of a worker group that was added, once playbooks/remove_worker.yml has taken it out."""
    groups.drop(Lab.open(name), number)
    say(f"the hosts of group {number} are gone")


@lab_command.command()
@name_option
@click.option("--purge", is_flag=True, help="Remove the image and the apt cache as well.")
def down(name: str, purge: bool) -> None:
    """Remove a lab: hosts, disks, data, network, secrets."""
    take_down(Lab.open(name), purge=purge)
    say(f"lab {name} is gone")


@lab_command.command()
@name_option
@json_option
def status(name: str, as_json: bool) -> int:
    """Show a lab's hosts. Ends with 3 when one of them does not run."""
    lab = Lab.open(name)
    addresses = lab.addresses
    if not addresses:
        raise errors.UsageError(f"lab {name} is not up", hint=f"scripts/lab up --name {name}")
    cuts = cutting.cuts(lab)
    rows = [
        {
            "host": host,
            "address": address,
            "running": hosts.running(lab, host),
            "frozen": hosts.is_frozen(lab, host),
            "ssh": hosts.answers(address),
            "cut_from": cuts[host],
        }
        for host, address in addresses.items()
    ]
    if as_json:
        emit_json({"lab": name, "subnet": str(lab.subnet), "phase": lab.phase, "hosts": rows})
    else:
        columns = {name: name.upper() for name in ("host", "address", "running", "frozen", "ssh")}
        columns["cut_from"] = "CUT OFF FROM"
        emit_table([{**row, "cut_from": ", ".join(row["cut_from"]) or None} for row in rows], columns)
    return errors.EXIT_OK if all(row["running"] for row in rows) else errors.EXIT_UNHEALTHY


@lab_command.command(name="list")
@json_option
def list_labs(as_json: bool) -> None:
    """List the labs of this machine."""
    rows = [
        {
            "lab": lab.name,
            "subnet": str(lab.subnet),
            "phase": lab.phase,
            "hosts": len(lab.addresses),
            "running": sum(hosts.running(lab, each) for each in lab.addresses),
            "inventory": inventory.shown(inventory.inventory_of(lab)),
        }
        for lab in all_labs()
    ]
    if as_json:
        emit_json(rows)
    else:
        emit_table(rows, {key: key.upper() for key in ("lab", "subnet", "phase", "hosts", "running", "inventory")})


@lab_command.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@name_option
@click.argument("host")
@click.argument("command", nargs=-1)
def ssh(name: str, host: str, command: tuple[str, ...]) -> None:
    """Log in on a host as root, or run a command there."""
    lab = Lab.open(name)
    os.execvp("ssh", hosts.ssh_command(lab, lab.address(host), *command))  # noqa: S606  no shell is wanted


@lab_command.command()
@name_option
@click.argument("host", nargs=-1, required=True)
def kill(name: str, host: tuple[str, ...]) -> None:
    """Pull a host's plug: everything on it ends at once, without a goodbye."""
    machine.check_kind()
    for each in host:
        hosts.kill(Lab.open(name), each)


@lab_command.command()
@name_option
@click.argument("host", nargs=-1, required=True)
def stop(name: str, host: tuple[str, ...]) -> None:
    """Shut a host down cleanly."""
    machine.check_kind()
    for each in host:
        hosts.stop(Lab.open(name), each)


@lab_command.command()
@name_option
@click.argument("host", nargs=-1, required=True)
def start(name: str, host: tuple[str, ...]) -> None:
    """Switch a host on again and wait until it has booted."""
    machine.check_kind()
    for each in host:
        upping.start(Lab.open(name), each)


@lab_command.command()
@name_option
@click.argument("host", nargs=-1, required=True)
def freeze(name: str, host: tuple[str, ...]) -> None:
    """Stop all processes of a host where they stand; its connections stay open and answer nothing."""
    machine.check_kind()
    for each in host:
        hosts.freeze(Lab.open(name), each)


@lab_command.command()
@name_option
@click.argument("host", nargs=-1, required=True)
def thaw(name: str, host: tuple[str, ...]) -> None:
    """Let a frozen host go on as if no time had passed."""
    machine.check_kind()
    for each in host:
        hosts.thaw(Lab.open(name), each)


@lab_command.command()
@name_option
@click.option(
    "--from",
    "others",
    multiple=True,
    metavar="HOST",
    help="From this one only; also `outside` (the internet) and `machine` (the one that the lab runs on). Repeatable.",
)
@click.option(
    "--direction",
    type=click.Choice(["both", "in", "out"]),
    default="both",
    show_default=True,
    help="What vanishes: packets in to the host, out from it, or both.",
)
@click.argument("host")
def cut(name: str, host: str, others: tuple[str, ...], direction: cutting.Direction) -> None:
    """Cut a host off from all other hosts and the outside. Only this machine still reaches it, as a console would."""
    machine.check_kind()
    cutting.cut(Lab.open(name), host, others, direction)


@lab_command.command()
@name_option
@click.argument("host")
def heal(name: str, host: str) -> None:
    """Undo every cut of a host."""
    machine.check_kind()
    cutting.heal(Lab.open(name), host)


def main() -> None:
    """Runs the verb and turns every failure into one of the documented exit codes."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = lab_command.main(prog_name="lab", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        say("interrupted; `scripts/lab up` goes on from here, `scripts/lab down` removes what there is")
        code = errors.EXIT_INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = errors.EXIT_USAGE
    except errors.CamgridError as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        say(f"error: {error}")
        code = error.exit_code
    sys.exit(code if isinstance(code, int) else errors.EXIT_OK)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
