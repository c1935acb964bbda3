"""How backups stand by what Prometheus has: the same findings as the repository's own, and none from its silence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from camgrid.backup import measured
from camgrid.errors import CamgridError
from camgrid.patroni import Member
from camgrid.prometheus import Sample
from camgrid.topology import build
from tests.unit.inventories import single

NOW = datetime(2031, 5, 2, 12, tzinfo=UTC)
LEADERS = [Member(f"w{group}a", group, "region_main", "10.0.0.1", "leader", "running") for group in (1, 2)]
# What a healthy cluster of two groups tells, as minutes before NOW for times.
TIMES = {
    ("node_textfile_mtime_seconds", ""): 1,
    ("camgrid_restore_point_last_timestamp_seconds", ""): 3,
    ("camgrid_restore_drill_last_timestamp_seconds", ""): 600,
    ("camgrid_backup_first_timestamp_seconds", "1"): 60 * 24 * 20,
    ("camgrid_backup_last_timestamp_seconds", "1"): 120,
    ("camgrid_backup_last_timestamp_seconds", "2"): 90,
}
NUMBERS = {
    ("camgrid_restore_drill_failed", ""): 0,
    ("camgrid_backup_running", "1"): 0,
    ("camgrid_backup_damaged", "1"): 0,
    ("camgrid_archive_on", "1"): 1,
    ("camgrid_archive_on", "2"): 1,
    ("camgrid_archive_failing", "2"): 0,
    ("camgrid_archive_waiting_segments", "1"): 3,
    ("camgrid_archive_waiting_segments", "2"): 0,
}


def standing(times=None, numbers=None, without=()):
    """How things stand with some of the above changed, or left out: names with their group."""
    values = {key: (NOW - timedelta(minutes=age)).timestamp() for key, age in (TIMES | (times or {})).items()}
    samples = []
    for (name, group), value in (values | NUMBERS | (numbers or {})).items():
        if (name, group) in without or name in without:
            continue
        place = {"host": f"w{group}a"} if name.startswith("camgrid_archive") else {"instance": "svc"}
        samples.append(Sample(name, place | {"citus_group": group, "kind": "full"}, value))
    return measured.standing(samples, "svc", [1, 2], LEADERS, NOW)


def test_a_healthy_clusters_numbers_are_told_and_nothing_is_wrong():
    found = standing()
    assert found.findings == ()
    assert [group.newest["full"] for group in found.groups] == [NOW - timedelta(hours=2), NOW - timedelta(minutes=90)]
    assert [(group.archive.primary, group.archive.waiting) for group in found.groups] == [("w1a", 3), ("w2a", 0)]
    assert (found.backup, found.point) == (NOW - timedelta(hours=2), NOW - timedelta(minutes=3))
    assert (found.drill, found.drill_failed, found.busy) == (NOW - timedelta(hours=10), False, False)


@pytest.mark.parametrize(
    ("changed", "where", "what"),
    [
        (
            {"times": {("camgrid_backup_last_timestamp_seconds", "2"): 51 * 60}},
            "group 2",
            "the last backup is 51 h old",
        ),
        ({"without": [("camgrid_backup_last_timestamp_seconds", "2")]}, "group 2", "there is no backup"),
        ({"numbers": {("camgrid_backup_damaged", "1"): 1}}, "group 1", "pages of the last backup fail their checksum"),
        ({"times": {("camgrid_restore_point_last_timestamp_seconds", ""): 21}}, "svc", "the last is 21 min old"),
        ({"without": ["camgrid_restore_point_last_timestamp_seconds"]}, "svc", "there is none"),
        ({"numbers": {("camgrid_restore_drill_failed", ""): 1}}, "restore drill", "the last one failed"),
        ({"times": {("camgrid_restore_drill_last_timestamp_seconds", ""): 36 * 1440}}, "restore drill", "36 d ago"),
        ({"numbers": {("camgrid_archive_on", "1"): 0}}, "group 1, archive of w1a", "WAL is not archived"),
        ({"numbers": {("camgrid_archive_failing", "2"): 1}}, "group 2, archive of w2a", "did not take its WAL; 0 segm"),
        ({"numbers": {("camgrid_archive_waiting_segments", "1"): 65}}, "group 1, archive of w1a", "65 segments (1.0 G"),
        ({"without": [("camgrid_archive_waiting_segments", "1")]}, "group 1, archive of w1a", "has no numbers of it"),
        ({"times": {("node_textfile_mtime_seconds", ""): 11}}, "svc", "for 11 min pgBackRest has not told"),
    ],
)
def test_what_is_wrong_is_found(changed, where, what):
    (finding,) = standing(**changed).findings
    assert finding.where == where
    assert what in finding.what
    assert finding.next


def test_a_backup_that_is_being_taken_is_late_for_nobody():
    times = {("camgrid_backup_last_timestamp_seconds", "2"): 51 * 60}
    found = standing(times, {("camgrid_backup_running", "1"): 1})
    assert (found.busy, found.findings) == (True, ())


def test_a_drill_that_there_never_was_is_missed_after_five_weeks():
    without = ["camgrid_restore_drill_last_timestamp_seconds", "camgrid_restore_drill_failed"]
    assert standing(without=without).findings == ()
    times = {("camgrid_backup_first_timestamp_seconds", "1"): 36 * 1440}
    (finding,) = standing(times, without=without).findings
    assert "never restored" in finding.what


def test_a_repository_of_which_prometheus_has_nothing_is_not_known():
    elsewhere = measured.standing(
        [Sample("node_textfile_mtime_seconds", {"instance": "other"}, NOW.timestamp())], "svc", [1], [], NOW
    )
    assert "no numbers of the repository on svc" in elsewhere.unknown
    assert [finding.where for finding in elsewhere.findings] == ["svc"]


def test_a_prometheus_that_is_silent_is_a_finding_and_nothing_is_known():
    def refuse(expression):
        raise CamgridError("Prometheus does not answer: timed out", where="https://10.0.0.5:9090")

    app = SimpleNamespace(topology=build(single()), prometheus=SimpleNamespace(query=refuse))
    found = measured.look(app, LEADERS)
    assert (found.unknown, found.groups) == ("Prometheus does not answer: timed out", ())
    assert [(finding.where, finding.what) for finding in found.findings] == [("https://10.0.0.5:9090", found.unknown)]


def test_a_cluster_without_backups_asks_nobody():
    inventory = single()
    inventory.groups["backup"] = []
    assert measured.look(SimpleNamespace(topology=build(inventory)), LEADERS) is None
