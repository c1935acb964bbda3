"""`camgrid bundle`: all packages of a cluster in one file, for hosts without internet."""

from __future__ import annotations

import platform
from pathlib import Path

import click

from camgrid import playbook
from camgrid.bundle import archive, fits
from camgrid.bundle.make import Request
from camgrid.bundle.make import make as make_bundle
from camgrid.bundle.manifest import Manifest
from camgrid.bundle.releases import ARCHITECTURES, RELEASES
from camgrid.cli.app import App, json_option
from camgrid.console import confirm, emit_json, emit_table, say
from camgrid.errors import EXIT_OK, EXIT_UNHEALTHY, UsageError

_MIB = 1024 * 1024
bundle_argument = click.argument("bundle", type=click.Path(path_type=Path))


@click.group("bundle")
def command() -> None:
    """Everything that hosts install, in one file, for places without internet.

    On a machine with internet: make. Then, where the hosts are: set camgrid_bundle in the inventory to the file, check,
    and run playbooks/site.yml, which copies it to the hosts and installs from nothing else. See docs/offline.md.
    """


@command.command()
@click.option("--output", type=click.Path(path_type=Path), help="The file to write; a whole one takes its place.")
@click.option(
    "--release", type=click.Choice(list(RELEASES)), default="trixie", show_default=True, help="Release of the hosts."
)
@click.option("--architecture", metavar="NAME", help="Debian's name of the hosts' architecture; this machine's if not.")
@click.option(
    "--sources",
    type=click.Path(path_type=Path),
    help="A file with apt sources in place of the release's own: a mirror, or a repository that has what it lacks.",
)
@click.option("--with-control", is_flag=True, help="Wheels for a control machine without internet, for this Python.")
@json_option
@click.pass_obj
def make(
    app: App,
    output: Path | None,
    release: str,
    architecture: str | None,
    sources: Path | None,
    with_control: bool,
    as_json: bool,
) -> int:
    """Collect every package that the inventory's roles may ask for, with all dependencies, checksums and versions.

    Needs apt and apt-utils, internet, and no root; nothing is installed on this machine. The packages are checked
    against the repositories' signatures. Citus comes from camgrid_packages_dir, where the phase needs it.
    """
    wanted = architecture or ARCHITECTURES.get(platform.machine(), platform.machine())
    target = (output or Path(f"{app.topology.cluster}-{release}-{wanted}.tar")).absolute()
    request = Request(target, RELEASES[release], wanted, _text(sources) if sources else "", with_control)
    if not request.tested:
        say(f"{RELEASES[release].title}, {wanted}: untested; no host has been installed from such a bundle yet")
    made = make_bundle(request, app.inventory, app.topology)
    with target.open("rb") as content:
        checksum = archive.checksum(content)
    if as_json:
        emit_json({"bundle": str(target), "sha256": checksum} | summary(made, target))
    else:
        _show(made, target)
        say(f"SHA-256 {checksum}: compare it where the file arrives (sha256sum {target.name})")
        say(f"Next, where the hosts are: set camgrid_bundle in the inventory, then camgrid bundle check {target.name}")
    return EXIT_OK


@command.command()
@bundle_argument
@json_option
@click.pass_obj
def check(app: App, bundle: Path, as_json: bool) -> int:
    """Read all of BUNDLE: whether it is whole, and, with an inventory, whether it has what the hosts will ask for.

    Exit code 3 when it lacks something, 2 when it is no whole bundle. No host is asked; site.yml compares their release
    and architecture before it changes anything.
    """
    read = archive.check(bundle)
    lacking = fits.lacking(read, app.inventory, app.topology) if app.inventory_path else []
    if as_json:
        emit_json({"bundle": str(bundle), "whole": True, "lacking": lacking} | summary(read, bundle))
    else:
        _show(read, bundle)
        for sentence in lacking:
            say(f"{bundle}: {sentence}")
        if not lacking:
            say("whole" + (", with all that this inventory's hosts ask for" if app.inventory_path else ""))
    return EXIT_UNHEALTHY if lacking else EXIT_OK


@command.command()
@bundle_argument
@json_option
def show(bundle: Path, as_json: bool) -> None:
    """List the packages of BUNDLE with their versions, and who asked for them. Reads its beginning only."""
    read = archive.read_manifest(bundle)
    by = {
        name: [role for role, names in read.roles.items() if name in names]
        for each in read.roles.values()
        for name in each
    }
    rows = [
        {"package": each.name, "version": each.version, "bytes": each.size, "roles": by.get(each.name, [])}
        for each in read.packages
    ]
    if as_json:
        emit_json([row | {"sha256": each.sha256} for row, each in zip(rows, read.packages, strict=True)])
    else:
        told = [row | {"roles": ", ".join(row["roles"]) or None} for row in rows]
        emit_table(told, {"package": "PACKAGE", "version": "VERSION", "bytes": "BYTES", "roles": "ASKED FOR BY"})


@command.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def clean(app: App, yes: bool, as_json: bool) -> int:
    """Remove the bundle's files from all hosts; what was installed from them stays. site.yml would bring them again."""
    confirm(f"  remove the bundle from {len(app.topology.hosts)} hosts of {app.topology.cluster}", yes=yes)
    playbook.run(app.inventory, "remove_bundle", {}, hint="run it again; nothing else was changed")
    if as_json:
        emit_json({"cleaned": list(app.topology.hosts)})
    return EXIT_OK


def summary(bundle: Manifest, path: Path) -> dict[str, object]:
    """What a reader wants to know of a bundle first."""
    return {
        "release": bundle.release,
        "tested": bundle.tested,
        "architecture": bundle.architecture,
        "phase": bundle.phase,
        "postgresql_version": bundle.postgresql_version,
        "citus": bundle.citus or None,
        "packages": len(bundle.packages),
        "bytes": path.stat().st_size,
        "created": bundle.created,
        "camgrid": bundle.camgrid,
        "control": bundle.python or None,
    }


def _show(bundle: Manifest, path: Path) -> None:
    told = summary(bundle, path)
    told["bytes"] = f"{path.stat().st_size / _MIB:.0f} MiB"
    emit_table(
        [{"what": key.replace("_", " "), "is": value} for key, value in told.items()], {"what": path.name, "is": ""}
    )


def _text(path: Path) -> str:
    if not path.is_file():
        raise UsageError("no such file", where=str(path), hint="--sources names a file as apt has in sources.list.d")
    return path.read_text()
