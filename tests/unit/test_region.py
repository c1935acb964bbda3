"""What a move between regions is decided by."""

from __future__ import annotations

import pytest
import yaml

from camgrid.region import common, history, lsn, settings
from camgrid.region.history import Past
from camgrid.topology import build
from camgrid.variables import ROLES
from tests.unit.inventories import sound

FORKS = "1\t0/7025BA0\tno recovery target specified\n\n2\t0/70360B0\tno recovery target specified\n"


@pytest.mark.parametrize(("text", "number"), [("0/0", 0), ("0/7025BA0", 0x7025BA0), ("2/A0", (2 << 32) + 0xA0)])
def test_positions_are_numbers_and_text(text, number):
    assert lsn.number(text) == number
    assert lsn.text(number) == text


def test_a_history_file_is_a_list_of_forks():
    assert history.parse(FORKS) == [(1, "0/7025BA0"), (2, "0/70360B0")]
    assert history.parse("") == []


@pytest.mark.parametrize(
    ("why", "copy", "leader", "apart"),
    [
        ("it follows", Past(3, [(1, "0/A"), (2, "0/B")]), Past(3, [(1, "0/A"), (2, "0/B")]), False),
        ("it was left behind, and is rewound", Past(2, [(1, "0/A")]), Past(3, [(1, "0/A"), (2, "0/B")]), False),
        ("both went on by themselves", Past(3, [(1, "0/A"), (2, "0/C")]), Past(3, [(1, "0/A"), (2, "0/B")]), True),
        ("it went on further", Past(4, [(1, "0/A"), (2, "0/B"), (3, "0/C")]), Past(3, [(1, "0/A"), (2, "0/B")]), True),
        ("neither ever changed its leader", Past(1, []), Past(1, []), False),
    ],
)
def test_two_pasts_with_the_same_number_are_told_apart(why, copy, leader, apart):
    assert history.apart(copy, leader) is apart, why


def test_a_group_follows_all_members_of_the_other_region_by_a_slot():
    followed = settings.following(build(sound()), "region_dr", 1)["standby_cluster"]
    assert followed["host"] == "10.0.0.21,10.0.0.22"
    assert followed["primary_slot_name"] == "region_dr"


def test_for_a_switch_it_follows_one_member_and_no_slot():
    topology = build(sound())
    followed = settings.following(topology, "region_dr", 1, topology.node("w1b"))["standby_cluster"]
    assert (followed["host"], followed["primary_slot_name"]) == ("10.0.0.22", None)


def test_the_settings_are_those_that_the_role_gives_a_new_group():
    role = yaml.safe_load((ROLES / "patroni/vars/main.yml").read_text())["__patroni_standby"]
    assert set(role) == set(settings.following(build(sound()), "region_dr", 1)["standby_cluster"])


DUMP = """\
rmgr: XLOG  len (rec/tot): 98/98, tx: 0, lsn: 0/0914B0E0, prev 0/0914B0A8, desc: RESTORE_POINT camgrid-1
rmgr: XLOG  len (rec/tot): 51/2051, tx: 0, lsn: 0/0914B148, prev 0/0914B0E0, desc: FPI_FOR_HINT blk 3
rmgr: XLOG  len (rec/tot): 98/98, tx: 0, lsn: 0/0914B950, prev 0/0914B148, desc: RESTORE_POINT other
rmgr: XLOG  len (rec/tot): 98/98, tx: 0, lsn: 0/0914C000, prev 0/0914B950, desc: RESTORE_POINT camgrid-2
"""


def test_restore_points_are_found_in_a_log_and_those_of_others_are_not():
    assert common.parse(DUMP) == {"camgrid-1": 0x914B0E0, "camgrid-2": 0x914C000}


def test_the_newest_point_is_one_that_all_groups_have():
    found = {0: {"camgrid-1": 10, "camgrid-2": 20, "camgrid-3": 30}, 1: {"camgrid-1": 5, "camgrid-2": 6}}
    assert common.newest(found) == common.Point("camgrid-2", {0: 20, 1: 6})
    assert common.newest({0: {"camgrid-1": 10}, 1: {"camgrid-2": 6}}) is None
    assert common.newest({0: {"camgrid-1": 10}, 1: {}}) is None


def test_settings_that_say_nothing_are_of_the_first_epoch():
    assert settings.epoch({"ttl": 20}) == 0
    assert settings.epoch({"camgrid_region": {"epoch": 3}}) == 3
