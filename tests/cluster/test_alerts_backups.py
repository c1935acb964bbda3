"""Alerts on archives, backups and restore points are fired for real, each by what it is about: by rules in a hurry."""

from __future__ import annotations

import time

import pytest

from tests.cluster import breaking
from tests.cluster.firing import Cause, fire
from tests.cluster.support import wait_until
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
