"""`lab up`: from a fresh machine to a serving cluster, stage by stage. Each stage finds what earlier runs have done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from camgrid.console import say
from camgrid.errors import UsageError
from camgrid.lab import aptcache, cut, host, image, inventory, limits, machine, network, rootfs
from camgrid.lab.cluster import configure, final_screen, import_data, settle
from camgrid.lab.config import Lab, lab_lock, packages_dir


@dataclass(frozen=True)
class Options:
    """What `up` is to do.

    phase: how far to grow, None is as it was before; suite: Debian's release; data: a file in place of the sample;
    offline: a bundle for hosts that have no way out.
    """

    phase: str | None = None
    suite: str | None = None
    hosts_only: bool = False
    no_data: bool = False
    data: Path | None = None
    offline: Path | None = None


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
        inventory.decide_suite(lab, options.suite)
        _decide_way_out(lab, options.offline)
        inventory.decide_phase(lab, options.phase)
        planned = inventory.planned_hosts(lab)
        machine.check_room(lab, sum(not host.running(lab, each) for each in planned))
        lab.save()
    with stages.stage("packages of this machine"):
        machine.install_packages()
        limits.ensure()
        aptcache.ensure()
    with stages.stage("image"):
        if not lab.image:
            lab.image = str(image.ensure(lab.suite, aptcache.url()))
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
    with stages.stage("settling"):
        settle(lab)
    stages.show()
    return final_screen(lab)


def _decide_way_out(lab: Lab, bundle: Path | None) -> None:
    """Hosts have one from their first boot, or never. UsageError when the lab's have one already."""
    if bundle and lab.addresses and not lab.bundle:
        raise UsageError(
            f"the hosts of lab {lab.name} have a way out", hint=f"scripts/lab down --name {lab.name}, then up --offline"
        )
    lab.bundle = str(bundle.absolute()) if bundle else lab.bundle


def boot(lab: Lab) -> None:
    """Starts the hosts of the lab's phase that do not run, and waits until all of them can be worked with."""
    addresses = inventory.hosts_of_phase(lab)
    packages = shown_packages(lab)
    given = surroundings(lab)
    for name, address in addresses.items():
        host.start(lab, name, address, given, packages)
    rootfs.write_known_hosts(lab, addresses)
    host.wait_for_ssh(lab, addresses)


def start(lab: Lab, name: str) -> None:
    """Switches one host on again and waits until it can be worked with."""
    address = lab.address(name)
    host.start(lab, name, address, surroundings(lab), shown_packages(lab))
    host.wait_for_ssh(lab, {name: address})


def surroundings(lab: Lab) -> rootfs.Surroundings:
    """What this machine gives to the lab's hosts."""
    if lab.bundle:
        return rootfs.Surroundings(network.uplink_mtu(), resolv_conf="", apt_proxy=None)
    return rootfs.Surroundings(network.uplink_mtu(), rootfs.resolv_conf(), aptcache.url(lab))


def shown_packages(lab: Lab) -> Path | None:
    """The directory that hosts see as their packages directory, from when they are switched on until they are off.

    None where they have no way out. Also in a lab without worker groups: it may grow, and its hosts are not switched
    off for that.
    """
    if lab.bundle:
        return None
    directory = packages_dir()
    with suppress(FileExistsError):
        directory.mkdir(parents=True)
    return directory
