"""A leader whose disk fills. All hosts of a lab share the disk of this machine, so one gets a small disk first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath

import psycopg

from camgrid.chaos.injections import Target
from camgrid.chaos.places import places, wait_for_health

# Megabytes that the small disk has beyond the data: more than the load writes before it is filled on purpose.
_ROOM_MB = 512
# More segments than any lab keeps for reuse in 512 MB.
_SEGMENTS = 40
_FILLER = "filler"


@contextmanager
def small_disk(target: Target) -> Iterator[None]:
    """Moves the data of the group's replica to a small file system and lets it lead: target.leader is it then.

    Afterwards its data is moved back to where it was.
    """
    ground = target.ground
    replica = ground.replica(target.group, target.leader)
    before = places(ground.members())
    data = PurePosixPath(ground.data_directory())
    disk, aside = data.parent, data.parent.with_name("aside")
    size = int(ground.shell(replica.host, f"du --summarize --block-size=M {data} | cut --delimiter=M --fields=1"))
    options = f"size={size + _ROOM_MB}m,uid=postgres,gid=postgres,mode=0755"
    try:
        ground.shell(
            replica.host,
            f"set -e; systemctl stop patroni; cp --archive {disk} {aside}; mount -t tmpfs -o {options} small {disk};"
            f" cp --archive {aside}/. {disk}/; rm --recursive {aside}; systemctl start patroni",
        )
        wait_for_health(ground, before)
        ground.switchover(target.leader)
        target.leader = replica
        wait_for_health(ground, before)
        yield
    finally:
        # The data below the small disk is old by now: a standby made of it would ask for WAL that is gone.
        ground.shell(
            replica.host,
            f"set -e; systemctl stop patroni; if mountpoint --quiet {disk}; then rm --force {disk}/{_FILLER};"
            f" cp --archive {disk}/. {aside}; umount {disk}; rm --recursive {data}; mv {aside}/{data.name} {data}; fi;"
            f" rm --recursive --force {aside}; systemctl start patroni",
        )


@contextmanager
def disk_full(target: Target) -> Iterator[None]:
    """Leaves no byte on the leader's small disk, and uses up the WAL segments that it keeps for reuse."""
    filler = f"{PurePosixPath(target.ground.data_directory()).parent}/{_FILLER}"
    try:
        target.ground.shell(target.leader.host, f"! dd if=/dev/zero of={filler} bs=1M 2>/dev/null")
        # It ends with the server, or with a commit that nobody confirms; both is what was wanted.
        with suppress(psycopg.Error), target.ground.connect_to(target.leader) as conn:
            conn.execute("SET statement_timeout = '5s'")
            for _ in range(_SEGMENTS):
                conn.execute("SELECT pg_logical_emit_message(true, 'camgrid', 'full'), pg_switch_wal()")
        yield
    finally:
        target.ground.shell(target.leader.host, f"rm --force {filler}")
