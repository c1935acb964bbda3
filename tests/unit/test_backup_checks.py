"""What is found wrong with backups and archives, and how pgBackRest's answers are read."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from camgrid.ansible.filter import backups
from camgrid.backup import archive, check, checksums, repository
from camgrid.backup.archive import Archive
from camgrid.backup.check import Overview
from camgrid.backup.points import Point
from camgrid.errors import CamgridError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENTRY = {
    "name": "lab-1",
    "status": {"code": 0, "message": "ok", "lock": {"backup": {"held": True, "size": 100, "size-cplt": 40}}},
    "archive": [{"min": "000000010000000000000001", "max": "000000020000000000000009"}],
    "db": [{"id": 1, "system-id": 7}],
    "backup": [
        {
            "database": {"id": 1},
            "label": "20260301-010000F",
            "type": "full",
            "error": False,
            "timestamp": {"start": int(NOW.timestamp()) - 600, "stop": int(NOW.timestamp()) - 300},
            "info": {"size": 1000, "delta": 1000, "repository": {"delta": 300}},
            "archive": {"start": "0000000A0000000000000003", "stop": "0000000A0000000000000003"},
            "lsn": {"start": "0/3000028", "stop": "0/3000100"},
        }
    ],
}


def test_pgbackrests_answer_is_read_and_other_clusters_are_left_out():
    found = repository.parse(json.dumps([ENTRY, ENTRY | {"name": "other-1"}, ENTRY | {"name": "lab-x"}]), "lab")
    assert set(found) == {1}
    assert (found[1].running, found[1].done, found[1].total) == (True, 40, 100)
    assert found[1].archived == "000000020000000000000009"
    assert (found[1].backups[0].timeline, found[1].backups[0].stored) == (10, 300)
    with pytest.raises(CamgridError, match="cannot be read"):
        repository.parse("ERROR", "lab")


def overview(*, age_hours: float = 1, point_minutes: float = 1, disk: int = 10) -> Overview:
    stanza = repository.parse(json.dumps([ENTRY]), "lab")[1]
    ended = NOW - timedelta(hours=age_hours)
    newest = repository.Backup(**(vars(stanza.backups[0]) | {"stopped": ended}))
    stanza = repository.Stanza(1, (newest,), None, "ok", running=False)
    made = NOW - timedelta(minutes=point_minutes)
    return Overview([stanza], [Point("p", made, made, {})], disk)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, None),
        ({"age_hours": 51}, "the last backup is 51 h old"),
        ({"point_minutes": 21}, "the last is 21 min old"),
        ({"disk": 85}, "the repository's disk is 85 % full"),
    ],
)
def test_what_is_old_or_full_is_found(given, complaint):
    found = [finding.what for finding in check.findings(overview(**given), "svc1", NOW)]
    assert len(found) == (complaint is not None)
    assert complaint is None or complaint in found[0]


def test_no_backup_and_no_point_are_found():
    empty = Overview([repository.Stanza(1, (), None, "no valid backups", running=False)], [], 0)
    told = [finding.what for finding in check.findings(empty, "svc1", NOW)]
    assert told == ["there is no backup: no valid backups", "restore points of the cluster: there is none"]


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ({"archiving": True, "waiting": 3, "last_archived": NOW}, None),
        ({"archiving": True, "waiting": 65, "last_archived": NOW}, "65 segments (1.0 GiB) wait"),
        ({"archiving": True, "waiting": 2, "last_failed": NOW, "failed_segment": "00A"}, "did not take 00A"),
        ({"archiving": False}, "WAL is not archived"),
        ({"error": "timeout"}, "does not tell: timeout"),
    ],
)
def test_an_archive_that_falls_behind_is_found(told, complaint):
    found = [finding.what for finding in archive.findings([Archive(1, "g1m1", **told)])]
    assert len(found) == (complaint is not None)
    assert complaint is None or complaint in found[0]


def test_a_difference_is_told_by_shard():
    was = {"cameras": {"cameras": ["2", "77"]}, "counting_results": {"102": ["5", "1"], "103": ["1", "9"]}}
    now = {"cameras": {"cameras": ["2", "77"]}, "counting_results": {"102": ["4", "3"]}}
    assert checksums.differences(was, was) == []
    assert checksums.differences(was, now) == [
        "counting_results, shard 102: 5 rows (1) before, 4 rows (3) now",
        "counting_results, shard 103: 1 rows (9) before, not there now",
    ]
    assert checksums.rows(was) == {"cameras": 2, "counting_results": 6}


def test_etcd_forgets_the_cluster_but_not_its_settings_nor_a_neighbour():
    def encoded(key: str) -> str:
        return base64.b64encode(key.encode()).decode()

    places = ["lab/0/config", "lab/0/leader", "lab/1/initialize", "lab/1/members/g1m1", "lab2/0/initialize"]
    answer = {"kvs": [{"key": encoded(f"/service/{place}"), "value": encoded("{}")} for place in places]}
    assert backups.leader_keys(answer, "lab") == ["/service/lab/0/leader"]
    (request,) = backups.forget_requests(answer, "lab", alone=False)
    gone = [each["requestDeleteRange"]["key"] for each in request["success"]]
    assert gone == [encoded(f"/service/lab/{place}") for place in ("0/leader", "1/initialize", "1/members/g1m1")]
    (request,) = backups.forget_requests(answer, "lab", alone=True)
    (put,) = (each["requestPut"] for each in request["success"] if "requestPut" in each)
    assert put == {"key": encoded("/service/lab/0/config"), "value": encoded('{"camgrid_region": {"alone": true}}')}
    many = {"kvs": [{"key": encoded(f"/service/lab/0/members/{number}")} for number in range(150)]}
    assert [len(each["success"]) for each in backups.forget_requests(many, "lab", alone=False)] == [100, 50]
    assert backups.leader_keys({}, "lab") == []


def test_a_group_that_came_back_as_another_database_has_no_backup_yet():
    databases = [{"id": 1, "system-id": 7}, {"id": 2, "system-id": 8}]
    earlier = ENTRY | {"db": databases, "backup": [ENTRY["backup"][0] | {"database": {"id": 1}}]}
    assert [each.system_id for each in repository.parse(json.dumps([earlier]), "lab")[1].backups] == ["7"]
    stanzas = [{"name": "lab-0"}, {"name": "lab-1"}]
    assert backups.without_backup([earlier], stanzas) == ["lab-0", "lab-1"]
    assert backups.unknown_stanzas([earlier], stanzas) == ["lab-0"]
    answers = [
        {"item": [{"name": "lab-1"}, {"host": "g1m1"}], "json": {"database_system_identifier": now}} for now in "89"
    ]
    silent = {"item": [{"name": "lab-1"}, {"host": "g1m2"}], "status": -1}
    assert backups.changed_stanzas([earlier], [answers[0], silent]) == []
    assert backups.changed_stanzas([earlier], [answers[1]]) == ["lab-1"]
    assert backups.changed_stanzas([], answers) == []
    gone = ENTRY | {"status": {"code": 1, "message": "missing stanza path"}}
    assert backups.unknown_stanzas([gone], stanzas[1:]) == ["lab-1"]


def test_a_node_may_ask_for_its_own_group_alone():
    nodes = [{"host": "g0m1", "address": "192.0.2.1", "group": 0}, {"host": "g1m1", "address": "192.0.2.2", "group": 1}]
    subjects = {"g0m1": "g0m1.node.x", "g1m1": "g1m1.node.x"}
    own = {"g0m1.node.x": ["lab-0"], "g1m1.node.x": ["lab-1"]}
    assert backups.backup_clients(nodes, [], subjects, "lab") == own
    spare = backups.backup_clients(nodes, [{"host": "svc2"}], subjects | {"svc2": "svc2.host.x"}, "lab")
    assert spare == own | {"svc2.host.x": ["lab-0", "lab-1"]}
    assert backups.stanza((1, nodes[1:]), "lab") == {
        "name": "lab-1",
        "members": [{"host": "g1m1", "address": "192.0.2.2"}],
    }
