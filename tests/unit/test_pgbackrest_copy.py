"""roles/pgbackrest/files/pgbackrest_copy.py: only a backup that leads to the server that is to be followed."""

from __future__ import annotations

import json

import pytest

from roles.pgbackrest.files import pgbackrest_copy as copy

HISTORY = "1\t0/7000000\tno recovery target specified\n\n2\t1/A0\tno recovery target specified\n"
NOW = copy.Source("77", 3, HISTORY, copy.forks(HISTORY))
CONNSTRING = "dbname=postgres user=replicator host=10.0.0.21,10.0.0.22 port=5432"


def backup(label, timeline, stop, database=1, **others):
    archive = {"start": f"{timeline:08X}00000000000000AA", "stop": f"{timeline:08X}00000000000000AB"}
    return {"label": label, "archive": archive, "lsn": {"stop": stop}, "database": {"id": database}} | others


def info(*backups):
    archive = [{"id": f"17-{number}", "database": {"id": number}} for number in (1, 2)]
    systems = [{"id": 1, "system-id": 77}, {"id": 2, "system-id": 88}]
    return {"name": "lab-1", "backup": list(backups), "db": systems, "archive": archive}


def test_a_history_says_where_each_timeline_was_left():
    assert copy.forks(HISTORY) == {1: 0x7000000, 2: (1 << 32) + 0xA0}
    assert copy.forks("") == {}


@pytest.mark.parametrize(
    ("why", "newer", "taken"),
    [
        ("of the timeline that goes on", backup("newer", 3, "9/0"), True),
        ("of an earlier one, ended before it was left", backup("newer", 2, "1/A0"), True),
        ("of an earlier one, by a server that was given up", backup("newer", 2, "1/A8"), False),
        ("of a timeline that the server never was on", backup("newer", 4, "0/1"), False),
        ("of another database", backup("newer", 3, "9/0", database=2), False),
        ("with damaged pages", backup("newer", 3, "9/0", error=True), False),
    ],
)
def test_the_newest_backup_is_taken_that_leads_to_the_server(why, newer, taken):
    assert copy.choose(info(backup("older", 1, "0/6000000"), newer), NOW) == ("newer" if taken else "older"), why


def test_without_one_nothing_is_taken():
    with pytest.raises(copy.RefusalError, match="none of its 1 backups leads"):
        copy.choose(info(backup("lost", 2, "2/0")), NOW)
    with pytest.raises(copy.RefusalError, match="none of its 0 backups"):
        copy.choose({}, NOW)


@pytest.fixture
def commands(monkeypatch):
    """What commands print, by their last word; those that were run are in .run."""
    answers: dict[str, str] = {"info": json.dumps([info(backup("full", 3, "9/0"))])}
    answers["--command=IDENTIFY_SYSTEM"] = "77|3|9/10|\n"
    answers["--command=TIMELINE_HISTORY 3"] = f"00000003.history|{HISTORY}\n"
    answers["archive/lab-1/17-1/00000003.history"] = HISTORY
    restored = []
    monkeypatch.setattr(copy, "run", lambda *command: answers[command[-1]])
    monkeypatch.setattr(copy, "restore", lambda *given: restored.append(given))
    answers["restored"] = restored
    return answers


def test_it_says_which_backup_it_would_be_and_does_nothing(commands, capsys):
    assert copy.main(["--stanza=lab-1", f"--connstring={CONNSTRING}", "--check"]) == 0
    assert capsys.readouterr().out == "lab-1 can be restored from backup full\n"
    assert commands["restored"] == []


def test_a_timeline_of_the_same_number_that_others_wrote_is_refused(commands, capsys):
    commands["archive/lab-1/17-1/00000003.history"] = HISTORY.replace("1/A0", "1/B0")
    assert copy.main(["--stanza=lab-1", f"--connstring={CONNSTRING}", "--datadir=/x"]) == 1
    assert "timeline 3 is not that server's" in capsys.readouterr().err
    assert commands["restored"] == []


def test_the_first_timeline_has_no_history_to_compare(commands):
    commands["--command=IDENTIFY_SYSTEM"] = "77|1|0/5|\n"
    commands["info"] = json.dumps([info(backup("full", 1, "0/4"))])
    assert copy.main(["--stanza=lab-1", f"--connstring={CONNSTRING}", "--datadir=/x", "--role=replica"]) == 0
    assert [label for _, label, *_ in commands["restored"]] == ["full"]


@pytest.mark.parametrize(("source", "code"), [("10.0.0.21,10.0.0.22", 0), ("10.0.0.21", 1)])
def test_a_member_with_a_leader_nearby_leaves_the_line_alone(commands, source, code):
    words = ["--stanza=lab-1", f"--connstring={CONNSTRING}", "--datadir=/x", f"--source={source}"]
    assert copy.main(words) == code
    assert len(commands["restored"]) == (code == 0)


def test_what_a_command_says_is_why():
    with pytest.raises(copy.RefusalError, match="away and gone"):
        copy.run("sh", "-c", "echo away >&2; echo '  and gone' >&2; exit 3")
    with pytest.raises(copy.RefusalError, match="false ended with 1"):
        copy.run("false")


def test_pg_wal_is_put_into_its_own_place(monkeypatch, tmp_path):
    data, wal = tmp_path / "data", tmp_path / "wal/lab"
    wal.mkdir(parents=True)
    (wal / "000000010000000000000001").touch()
    program = tmp_path / "pgbackrest"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/words; mkdir {data}/pg_wal\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    copy.restore("lab-1", "full", data, wal)
    assert (tmp_path / "words").read_text() == "--stanza=lab-1 --set=full --type=standby --no-delta restore\n"
    assert (data / "pg_wal").readlink() == wal
    assert list(wal.iterdir()) == []
    assert data.stat().st_mode & 0o777 == wal.stat().st_mode & 0o777 == 0o700


def test_a_restore_that_fails_leaves_the_copy_to_the_next_method(monkeypatch, tmp_path):
    (tmp_path / "pgbackrest").write_text("#!/bin/sh\nexit 55\n")
    (tmp_path / "pgbackrest").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(copy.RefusalError, match="backup full could not be restored"):
        copy.restore("lab-1", "full", tmp_path / "data", None)
