"""Alerts on archives, backups and restore points are fired for real, each by what it is about: by rules in a hurry."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from camgrid.backup import drills
from camgrid.backup.repository import Repository
from tests.cluster import breaking
from tests.cluster.firing import Cause, fire
from tests.cluster.support import Cluster, wait_until
from tests.cluster.waiting import settle

pytestmark = [pytest.mark.long, pytest.mark.larger, pytest.mark.needs_workers]

SEGMENTS = ["SELECT pg_logical_emit_message(true, 'alarm', '')", "SELECT pg_switch_wal()"] * 4


@pytest.fixture
def repository(cluster):
    return cluster.topology.backups()[0]


def test_wal_that_waits_and_numbers_that_are_old(cluster, watching, repository):
    primary, unarchived = cluster.leader(1), cluster.leader(2)
    reload = "SELECT pg_reload_conf()"
    off, on = ["ALTER SYSTEM SET archive_command = ''", reload], ["ALTER SYSTEM RESET archive_command", reload]
    fire(
        watching,
        Cause(breaking.stopped(cluster, repository, "camgrid-pgbackrest"), {"ArchiveFailing": {"host": primary.host}}),
        Cause(breaking.psql(cluster, primary, SEGMENTS, [reload]), {"ArchiveBehind": {"host": primary.host}}),
        Cause(breaking.psql(cluster, unarchived, off, on), {"ArchiveOff": {"host": unarchived.host}}),
        Cause(breaking.stopped(cluster, repository, "camgrid-backup-metrics.timer"), {"BackupMetricsOld": {}}),
        Cause(breaking.stopped(cluster, repository, "camgrid-restore-point.timer"), {}),
        seconds=300,
    )
    settle(cluster)


def test_a_group_that_has_no_backup(cluster, watching, repository):
    where, away = f"/var/lib/pgbackrest/backup/{cluster.topology.cluster}-2", "/var/lib/pgbackrest/away"
    fire(
        watching,
        Cause(
            breaking.done(cluster, repository, f"mv {where} {away}", f"rm -rf {where}; mv {away} {where}"),
            {"BackupMissing": {"citus_group": "2"}},
        ),
        seconds=150,
    )
    settle(cluster)


def test_backups_and_restore_points_that_are_old_until_new_ones_are_made(cluster, watching):
    wait_until(lambda: watching.fires("BackupTooOld", citus_group="0"), 300)
    wait_until(lambda: watching.fires("RestorePointTooOld"), 300)
    done = cluster.camgrid("backup", "run", "--type", "diff")
    assert done.returncode == 0, done.stderr
    wait_until(lambda: not watching.fires("BackupTooOld"), 120)
    done = cluster.camgrid("backup", "point", f"alarm-{time.time():.0f}")
    assert done.returncode == 0, done.stderr
    wait_until(lambda: not watching.fires("RestorePointTooOld"), 90)


@contextmanager
def damaged_page(cluster: Cluster, group: int) -> Iterator[None]:
    """A table of a group's with a page that each member has damaged on its disk."""
    leader = cluster.leader(group)
    with cluster.connect_to(leader, "admin") as conn:
        conn.execute("CREATE TABLE public.alarm AS SELECT generate_series(1, 5000)")
        (file,) = conn.execute(
            "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('alarm')"
        ).fetchone()
        # On the disk of the primary first: a replica's checkpoint reaches as far as the primary's last.
        conn.execute("CHECKPOINT")
    try:
        for node in cluster.topology.group(group):
            damage = f"printf damaged | dd of={file} bs=1 seek=5000 conv=notrunc status=none"
            cluster.host(node.host).check_output(f"runuser -u postgres -- psql -qXc CHECKPOINT && {damage}")
        yield
    finally:
        with cluster.connect_to(leader, "admin") as conn:
            conn.execute("DROP TABLE public.alarm")


def test_a_page_that_is_damaged_before_it_comes_into_a_backup(cluster, watching):
    with damaged_page(cluster, 2):
        cluster.camgrid("backup", "run", "--type", "diff")
        wait_until(lambda: watching.fires("BackupDamaged", citus_group="2"), 90)
    done = cluster.camgrid("backup", "run", "--type", "diff")
    assert done.returncode == 0, done.stderr
    wait_until(lambda: not watching.fires("BackupDamaged"), 90)
    settle(cluster)


def test_a_drill_that_was_never_made_and_one_that_went_wrong(cluster, watching):
    """As a drill notes its end: the drills themselves are in tests/restore."""
    repository = Repository(cluster.inventory, cluster.topology)
    before = drills.listed(repository)
    wait_until(lambda: watching.fires("RestoreDrillTooOld"), 240)
    bad = drills.Drill(datetime.now(UTC).isoformat(), "alarm", "", 1, {}, ["rows are missing"])
    drills.keep(repository, bad)
    try:
        wait_until(lambda: watching.fires("RestoreDrillFailed"), 120)
        assert not watching.fires("RestoreDrillTooOld")
        good = drills.Drill(datetime.now(UTC).isoformat(), "alarm", "", 1, {}, [])
        drills.keep(repository, good)
        wait_until(lambda: not watching.fires("RestoreDrillFailed"), 120)
    finally:
        repository.host.run(f"cd {drills.DIRECTORY} && grep --files-with-matches alarm *.json | xargs rm")
    assert drills.listed(repository) == before
