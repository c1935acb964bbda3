"""`lab up`: from a fresh machine to a serving cluster, stage by stage. Each stage finds what earlier runs have done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from camgrid.console import say
from camgrid.lab import aptcache, cut, host, image, inventory, machine, network, rootfs
from camgrid.lab.cluster import configure, final_screen, import_data
from camgrid.lab.config import Lab, lab_lock, packages_dir


@dataclass(frozen=True)
class Options:
    """What `up` is to do. without_citus: None is as it was before; data: a file to import instead of the sample."""

    without_citus: bool | None = None
    hosts_only: bool = False
    no_data: bool = False
    data: Path | None = None


@dataclass
class Stages:
    """Says and keeps how long each stage took."""

    times: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times what happens in it."""
        started = time.monotonic()
        yield
        self.times.append((name, time.monotonic() - started))
        say(f"{name} … {self.times[-1][1]:.1f} s")

    def show(self) -> None:
        """All stages with their times."""
        total = sum(seconds for _, seconds in self.times)
        width = max(len(name) for name, _ in self.times)
        for name, seconds in [*self.times, ("total", total)]:
            say(f"  {name:<{width}}  {seconds:7.1f} s")


def up(lab: Lab, options: Options | None = None) -> int:
    """Brings the lab up and returns the exit code of its last word, `camgrid status`; 0 with hosts_only."""
    options = options or Options()
    machine.check_kind()
    with lab_lock(lab):
        return _up(lab, options)


def _up(lab: Lab, options: Options) -> int:
    stages = Stages()
    with stages.stage("preflight"):
        machine.check_overlay()
        inventory.decide_phase(lab, without_citus=options.without_citus)
        planned = inventory.planned_hosts(lab)
        machine.check_room(lab, sum(not host.running(lab, each) for each in planned))
        lab.save()
    with stages.stage("packages of this machine"):
        machine.install_packages()
        aptcache.ensure()
    with stages.stage("image"):
        if not lab.image:
            lab.image = str(image.ensure(aptcache.url()))
            lab.save()
    with stages.stage("network"):
        network.ensure(lab)
        cut.heal_all(lab)
        if not lab.key.exists():
            rootfs.make_key(lab.key, comment=f"camgrid lab {lab.name}")
        inventory.write(lab)
    with stages.stage(f"boot of {len(planned)} hosts"):
        boot(lab)
    if options.hosts_only:
        stages.show()
        where = inventory.shown(inventory.inventory_of(lab))
        say(f"Next: .venv/bin/ansible-playbook -i {where} playbooks/site.yml")
        return 0
    with stages.stage("site.yml"):
        configure(lab)
    if not options.no_data:
        with stages.stage("data"):
            import_data(lab, options.data)
    stages.show()
    return final_screen(lab)


def boot(lab: Lab) -> None:
    """Starts the hosts of the lab's phase that do not run, and waits until all of them can be worked with."""
    addresses = inventory.hosts_of_phase(lab)
    packages = packages_for(lab)
    given = surroundings(lab)
    for name, address in addresses.items():
        # A host sees the packages directory that it was started with.
        shown = lab.host_dir(name) / "packages"
        if host.running(lab, name) and shown.exists() and shown.read_text() != str(packages):
            host.stop(lab, name)
        host.start(lab, name, address, given, packages)
    rootfs.write_known_hosts(lab, addresses)
    host.wait_for_ssh(lab, addresses)


def start(lab: Lab, name: str) -> None:
    """Switches one host on again and waits until it can be worked with."""
    address = lab.address(name)
    host.start(lab, name, address, surroundings(lab), packages_for(lab))
    host.wait_for_ssh(lab, {name: address})


def surroundings(lab: Lab) -> rootfs.Surroundings:
    """What this machine gives to the lab's hosts."""
    return rootfs.Surroundings(network.uplink_mtu(), rootfs.resolv_conf(), aptcache.url(lab))


def packages_for(lab: Lab) -> Path:
    """The directory that hosts see as their packages directory; an empty one for a lab without Citus."""
    directory = lab.directory / "no-packages" if lab.without_citus else packages_dir()
    with suppress(FileExistsError):
        directory.mkdir(parents=True)
    return directory
