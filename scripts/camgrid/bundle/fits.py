"""Whether a bundle has what an inventory's hosts will ask for."""

from __future__ import annotations

from collections.abc import Iterator

from camgrid.bundle import wanted
from camgrid.bundle.manifest import Manifest
from camgrid.inventory import Inventory
from camgrid.topology import Topology

_AGAIN = "make another: camgrid bundle make"


def lacking(bundle: Manifest, inventory: Inventory, topology: Topology) -> list[str]:
    """What the bundle lacks for the inventory, a sentence each; empty when it will do."""
    return [*_packages(bundle, wanted.packages(inventory, topology)), *_citus(bundle, topology)]


def _packages(bundle: Manifest, asked: dict[str, list[str]]) -> Iterator[str]:
    present = {package.name for package in bundle.packages}
    for role, names in asked.items():
        absent = [name for name in names if name not in present]
        if absent:
            yield (
                f"it lacks {', '.join(absent)}, which the role {role} asks for: it was made on {bundle.created} by "
                f"camgrid {bundle.camgrid} for PostgreSQL {bundle.postgresql_version}; {_AGAIN}"
            )


def _citus(bundle: Manifest, topology: Topology) -> Iterator[str]:
    version = topology.postgresql_version
    prefix = f"postgresql-{version}-citus-"
    if topology.sharded and not any(package.name.startswith(prefix) for package in bundle.packages):
        yield (
            f"it has no Citus for PostgreSQL {version}, which phase {topology.phase} needs: it was made for phase "
            f"{bundle.phase}; put {prefix}*.deb into {topology.packages_dir}, then {_AGAIN}"
        )
