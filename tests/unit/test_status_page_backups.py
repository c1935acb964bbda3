"""Backups on the status page: ages by group, what is wrong in red, and that nothing is known is said."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from camgrid import health
from camgrid.backup.archive import Archive
from camgrid.backup.standing import Group, Standing
from camgrid.cli import status_view
from camgrid.statuspage import page
from tests.unit.test_status_page import SCRIPT, Outline

NOW = datetime(2031, 5, 2, 12, tzinfo=UTC)


def group(number: int = 1, full_hours: float = 30, diff_hours: float | None = 6, **archive) -> Group:
    newest = {"full": NOW - timedelta(hours=full_hours)}
    newest |= {"diff": NOW - timedelta(hours=diff_hours)} if diff_hours else {}
    return Group(number, newest, archive=Archive(number, f"w{number}a", **({"archiving": True} | archive)))


def rendered(*groups: Group, point_minutes: float = 3, **standing) -> str:
    told = {"drill": NOW - timedelta(days=3), "point": NOW - timedelta(minutes=point_minutes)} | standing
    return page.render(health.Snapshot("test", "horizontal", backups=Standing(groups, **told)), {}, 0, NOW)


def words(made: str) -> str:
    return " ".join(" ".join(Outline(made).words).split())


def red(made: str) -> list[str]:
    """What is marked in the section of backups."""
    section = made.partition("<h2>Backups</h2>")[2].partition("</section>")[0]
    return re.findall(r'class="(?:number )?bad">([^<]*)<', section)


def test_every_group_is_shown_with_its_ages_and_what_waits():
    made = rendered(group(1, waiting=3), group(2, diff_hours=None, waiting=0))
    assert "1 30 h ago 6 h ago w1a 48.0 MiB 2 30 h ago never w2a 0 B" in words(made)
    assert "restore point 3 min ago , restore drill 3 d ago, good" in words(made)
    assert red(made) == []


def test_what_is_wrong_is_red_as_status_marks_it():
    assert red(rendered(group(1, 60, 51), group(2))) == ["2 d 12 h ago", "2 d 3 h ago"]
    assert red(rendered(Group(1))) == ["never", "never"]
    assert red(rendered(group(1, waiting=65))) == ["1.0 GiB"]
    assert red(rendered(group(1, error="timeout"))) == ["not known"]
    assert red(rendered(group(), point_minutes=21)) == ["21 min ago"]
    assert red(rendered(group(), point=None)) == ["never"]
    assert red(rendered(group(), drill_failed=True)) == ["3 d ago, failed"]
    assert red(rendered(group(), drill=NOW - timedelta(days=36))) == ["36 d ago, good"]


def test_no_drill_yet_and_a_backup_under_way_are_no_fault():
    made = rendered(group(1, 60, 51), drill=None, busy=True)
    assert red(made) == []
    assert "restore drill never ; a backup is being taken" in words(made)


def test_that_nothing_is_known_is_said_and_no_age_is_shown():
    made = rendered(unknown=f"Prometheus does not answer: {SCRIPT}")
    assert f"Not known: Prometheus does not answer: {SCRIPT}" in words(made)
    assert "script" not in Outline(made).tags
    assert "restore point" not in made
    assert "waits to be archived" not in made


def test_a_cluster_without_backups_has_no_such_section():
    assert "Backups" not in page.render(health.Snapshot("test", "horizontal"), {}, 0, NOW)


def test_the_terminal_tells_the_same():
    def line(**standing) -> str:
        *_, last = status_view.parts(health.Snapshot("test", "horizontal", backups=Standing(**standing)))
        return last.plain

    now = datetime.now(UTC)
    newest = {"full": now - timedelta(hours=60), "diff": now - timedelta(hours=6)}
    later = Group(2, {"full": now - timedelta(hours=5)})
    told = line(groups=(Group(1, newest), later), point=now, drill=now - timedelta(days=3), drill_failed=True)
    assert told == "last backup 6 h ago, restore point 0 s ago, restore drill 3 d ago (!)"
    assert line(groups=(Group(1), later)).startswith("last backup never")
    assert line(unknown="it is away") == "backups not known: it is away"


def test_the_same_is_told_to_machines():
    told = health.Snapshot("test", "horizontal", backups=Standing((group(2, waiting=3),), point=NOW)).as_json()
    assert (told["backups"]["backup"], told["backups"]["point"]) == (NOW - timedelta(hours=6), NOW)
    (first,) = told["backups"]["groups"]
    assert (first["group"], set(first["newest"]), first["archive"]["waiting"]) == (2, {"full", "diff"}, 3)
    assert "findings" not in told["backups"], "they are with all others"
    assert health.Snapshot("test", "horizontal").as_json()["backups"] == {}
