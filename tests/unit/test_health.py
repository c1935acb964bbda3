"""What is found wrong in fabricated clusters, and that one part's silence never hides the others."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from camgrid import health, patroni
from camgrid.errors import CamgridError
from camgrid.patroni import Member
from camgrid.topology import build
from tests.unit.inventories import single, sound

SOON = (datetime.now(UTC) + timedelta(days=90)).date()
ROLLUPS = {"state": "fresh", "pending": 0, "refreshed_at": datetime.now(UTC), "complete_since": None}
JOB = {"job_name": "camgrid-x", "active": True, "last_status": "succeeded", "last_message": None}


def members(topology, **changed):
    """All members of a topology, the first of each group leading; changed: host → fields."""
    found = []
    for node in topology.nodes:
        leads = node.member == 1
        base = {"role": "leader" if leads else "quorum_standby", "state": "running" if leads else "streaming"}
        fields = base | changed.get(node.host, {})
        found.append(Member(node.host, node.group, node.region, node.address, lag=None if leads else 0, **fields))
    return found


def database(topology, **changed):
    """What a healthy database says."""
    nodes = [
        {"nodename": node.name, "groupid": node.group, "role": "primary" if node.member == 1 else "secondary"}
        for node in topology.nodes
    ]
    partitions = [{"table_name": "counting_results", "until": SOON}]
    return {
        "nodes": nodes,
        "jobs": [JOB],
        "partitions_until": partitions,
        "months_missing": [],
        "prepared_left": 0,
        "rebalance": [],
        "rollups": ROLLUPS,
        "pools": [],
        "alerts": [],
    } | changed


class App:
    """The part of a verb's App that looking needs."""

    def __init__(self, inventory, error: Exception | None = None) -> None:
        self.inventory, self.topology, self.error = inventory, build(inventory), error

    def connect(self, role, **options):
        if self.error:
            raise self.error
        return nullcontext()


@pytest.fixture
def look(tmp_path, monkeypatch):
    """Looks at a cluster in phase horizontal, after changing what its members and its database say."""

    def look(members_changed=None, error=None, **database_changed):
        app = App(single(tmp_path), error)
        told = members(app.topology, **(members_changed or {}))
        monkeypatch.setattr(patroni, "members", lambda *_: told)
        monkeypatch.setattr(health.certificates, "findings", lambda *_: [])
        monkeypatch.setattr(health, "_database", lambda _: database(app.topology, **database_changed))
        return [
            (finding.where, finding.what, finding.next)
            for finding in health.look(app, lambda app, members: None).findings
        ]

    return look


def test_nothing_is_wrong_with_a_healthy_cluster(look):
    assert look() == []


def test_a_member_that_is_down_is_named_with_where_to_look(look):
    ((where, what, step),) = look({"w1b": {"state": "stopped"}})
    assert (where, what) == ("group 1", "w1b is stopped")
    assert "journalctl --unit=patroni" in step


def test_a_group_without_a_primary(look):
    found = [what for where, what, _ in look({"w2a": {"role": "replica", "state": "running"}}) if where == "group 2"]
    assert found == ["w2a does not stream (yet)", "no primary"]


def test_a_dead_leader_is_no_primary(look):
    found = [what for _, what, _ in look({"w2a": {"state": "crashed"}})]
    assert found[:2] == ["w2a is crashed", "no primary"]


def test_a_standby_regions_leaders_are_no_primaries(tmp_path):
    topology = build(sound(tmp_path))
    standby = {host: {"role": "standby_leader"} for host in ("dr-c1", "dr-w1", "dr-w2")}
    assert health.member_findings(members(topology, **standby)) == []


def test_a_replica_far_behind():
    member = Member("w1b", 1, "region_main", "10.0.0.22", "replica", "streaming", lag=health.LAG_WARNING_BYTES)
    leader = Member("w1a", 1, "region_main", "10.0.0.21", "leader", "running")
    assert health.member_findings([leader, member]) == []
    late = Member("w1b", 1, "region_main", "10.0.0.22", "replica", "streaming", lag=health.LAG_WARNING_BYTES + 1)
    (finding,) = health.member_findings([leader, late])
    assert finding.what == "w1b is 16,777,217 bytes behind"


def test_a_member_that_waits_for_a_restart(look):
    ((_, what, step),) = look({"c1": {"pending_restart": True}})
    assert what == "c1 waits for a restart"
    assert "apply_restarts.yml" in step


def test_partitions_that_end_within_a_month(look):
    near = (datetime.now(UTC) + timedelta(days=20)).date()
    ((where, what, _),) = look(partitions_until=[{"table_name": "camera_events", "until": near}])
    assert (where, what) == ("camera_events", f"partitions reach only to {near}")
    ((_, what, _),) = look(partitions_until=[{"table_name": "camera_events", "until": None}])
    assert what == "partitions reach only to None"


def test_jobs_that_failed_are_off_or_missing(look):
    ((where, what, _),) = look(jobs=[JOB | {"last_status": "failed", "last_message": "no space"}])
    assert (where, what) == ("camgrid-x", "failed: no space")
    ((_, what, _),) = look(jobs=[JOB | {"active": False}])
    assert what == "the job is switched off"
    ((_, what, _),) = look(jobs=[])
    assert what == "no job makes partitions ahead"


def test_a_leader_that_citus_does_not_know_as_primary(look):
    nodes = [{"nodename": "g0m1.camgrid.internal", "groupid": 0, "role": "primary"}]
    found = [what for where, what, _ in look(nodes=nodes) if where == "pg_dist_node"]
    assert found == ["Citus does not know w1a as primary", "Citus does not know w2a as primary"]


def test_prepared_transactions_that_were_left(look):
    ((where, what, step),) = look(prepared_left=2)
    assert (where, what[:26]) == ("coordinator", "2 prepared transaction(s) ")
    assert "recover_prepared_transactions" in step


@pytest.mark.parametrize("error", [CamgridError("nobody answers", where="10.0.0.11"), psycopg.Error("gone")])
def test_a_database_that_does_not_answer_does_not_hide_the_members(look, error):
    found = [what for _, what, _ in look({"w1b": {"state": "stopped"}}, error=error)]
    assert found == ["w1b is stopped", str(error).removeprefix("10.0.0.11: ")]


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ({"state": "stopped", "refreshed_at": None}, "the rollups were not brought up to date ever"),
        ({"state": "behind", "pending": 1200}, "1,200 changes wait for the rollups, the oldest for minutes"),
        ({"state": "behind", "complete_since": SOON}, None),
    ],
)
def test_rollups_that_are_not_kept_up_are_told_and_a_long_way_back_is_not(look, state, found):
    assert [what for _, what, _ in look(rollups=ROLLUPS | state)] == ([found] if found else [])


def test_a_pool_that_is_silent_on_a_host_that_runs(look):
    silent = {"pool_name": "g1m1.camgrid.internal", "reason": "Connection refused"}
    ((where, what, step),) = look(pools=[silent, {"pool_name": "g1m2.camgrid.internal/camgrid_reader", "reason": None}])
    assert (where, what) == ("w1a", "its pool does not answer: Connection refused")
    assert step == "on w1a: systemctl status pgbouncer"
    assert [
        what
        for _, what, _ in look({"w1b": {"state": "stopped"}}, pools=[silent | {"pool_name": "g1m2.camgrid.internal"}])
    ] == ["w1b is stopped"], "a host that is down has no pool either"


def test_an_open_alert_is_a_finding_and_one_that_somebody_is_at_is_not(look):
    alert = {"id": 7, "status": "open", "title": "Slow", "message": "m", "subject": "cluster", "next_step": "do this"}
    assert look(alerts=[alert, alert | {"status": "acknowledged"}]) == [("cluster", "Slow: m (alert 7)", "do this")]
