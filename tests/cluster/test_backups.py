"""Backups as they run all day: encrypted, closed to others, and told about when the repository is away."""

from __future__ import annotations

import json

import pytest

from camgrid.backup.repository import parse
from tests.cluster.waiting import settle, until

pytestmark = pytest.mark.larger


@pytest.fixture(scope="module")
def repository(cluster):
    """The repository's host."""
    return cluster.host(cluster.topology.backups()[0])


def told(cluster, *words: str, code: int = 0):
    done = cluster.camgrid("backup", *words, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_every_group_has_a_backup_and_archives_its_wal(cluster):
    groups = told(cluster, "list")["groups"]
    assert [group["group"] for group in groups] == cluster.topology.groups()
    assert all(group["backups"] and group["archived"] for group in groups), groups
    assert told(cluster, "check", "--deep")["findings"] == []


def test_nothing_in_the_repository_can_be_read_without_the_passphrase(cluster, repository):
    stanza = f"{cluster.topology.cluster}-0"
    info = f"/var/lib/pgbackrest/backup/{stanza}/backup.info"
    assert "[backup" not in repository.check_output(f"tr -cd '[:print:]' < {info}")
    wrong = repository.check_output(
        f"PGBACKREST_REPO1_CIPHER_PASS=wrong runuser -u pgbackrest -- pgbackrest --stanza={stanza} info --output=json"
        " | tr -cd '[:print:]'"
    )
    told = parse(wrong, cluster.topology.cluster)[0]
    assert told.backups == ()
    assert "unable to load info file" in told.message


def test_the_passphrase_is_in_no_process_and_no_file_of_others(cluster, repository):
    assert repository.file("/etc/pgbackrest.conf").mode == 0o640
    node = cluster.host(cluster.topology.nodes[0].host)
    assert "cipher-pass" not in node.check_output("cat /etc/pgbackrest.conf")
    assert "cipher-pass" not in repository.check_output("ps -eo args")


def test_a_node_may_not_ask_for_another_groups_backups(cluster):
    stanza = f"{cluster.topology.cluster}-{1 if cluster.topology.sharded else 9}"
    node = cluster.host(cluster.leader(0).host)
    asked = node.run(
        f"runuser -u postgres -g postgres -G camgrid-tls -- pgbackrest --stanza={stanza}"
        f" --pg1-path=/var/lib/postgresql/{cluster.topology.postgresql_version}/{cluster.topology.cluster}"
        " --log-level-console=error archive-get 000000010000000000000001 /tmp/segment"
    )
    assert asked.rc != 0
    assert "access denied" in asked.stdout + asked.stderr


def test_a_point_has_every_groups_place_and_its_name_is_used_once(cluster):
    name = f"here-{cluster.value('SELECT extract(epoch FROM now())::bigint')}"
    made = told(cluster, "point", name)
    assert [group["citus_group"] for group in made["groups"]] == cluster.topology.groups()
    assert made in told(cluster, "points")["points"]
    again = cluster.camgrid("backup", "point", name)
    assert again.returncode == 2
    assert "already" in again.stderr


def test_a_repository_that_is_away_is_noticed_and_no_wal_is_lost(cluster, repository):
    settle(cluster)
    repository.check_output("systemctl stop camgrid-pgbackrest")
    try:
        cluster.rows("SELECT * FROM camgrid.archive_positions()", role="admin")
        until(lambda: cluster.camgrid("backup", "check").returncode == 3, 150)
        found = [finding["what"] for finding in told(cluster, "check", code=3)["findings"]]
        assert any("the repository did not take" in what for what in found), found
        assert cluster.camgrid("status").returncode == 3
    finally:
        repository.check_output("systemctl start camgrid-pgbackrest")
    until(lambda: cluster.camgrid("backup", "check").returncode == 0, 150)
    # What waited has gone there, segment by segment.
    until(lambda: all(archive["waiting"] == 0 for archive in told(cluster, "check")["archives"]), 60)
