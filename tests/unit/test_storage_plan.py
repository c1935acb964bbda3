"""What is done with a drive follows from what is on it, the inventory and the run's consent, and from nothing else."""

import pytest
from drives import GIB, decide, drive, holding, identity, refusal, seen
from hypothesis import given
from hypothesis import strategies as st

DATA = {"name": "data", "devices": ["S1"]}
WAL = {"name": "wal", "devices": ["S2"]}
BY_PATH = {"name": "data", "devices": ["/dev/disk/by-id/nvme-Vendor_S1"]}


def test_a_blank_drive_that_the_inventory_names_is_formatted():
    (volume,) = decide([DATA], seen(drive("S1", 1), drive("S9", 9)))["volumes"]
    assert (volume["source"], volume["erase"], volume["format"]) == ("/dev/nvme1n1", [], True)
    assert volume["words"] == "format S1 (/dev/nvme1n1), 100.0 GiB, nothing, with xfs for data at /var/lib/postgresql"
    assert volume["touched"] == ["S1"]
    assert volume["fstab"].split()[1:3] == ["/var/lib/postgresql", "xfs"]


def test_a_drive_is_found_by_its_stable_path_too():
    assert decide([BY_PATH], seen(drive("S1", 1)))["volumes"][0]["source"] == "/dev/nvme1n1"


@pytest.mark.parametrize("what", [holding("ext4", "b7", "old"), holding("gpt"), {"blank": False}])
def test_a_drive_with_anything_on_it_needs_consent_to_its_serial_number(what):
    host = seen(drive("S1", 1, **what))
    assert "--extra-vars storage_consent=S1" in refusal([DATA], host)
    assert "storage_consent=S1" in refusal([DATA], host, "S11,S2")
    for consent in ("S1", "S2, S1", ["S1"], "['S1']"):
        decided = decide([DATA], host, consent)
        assert decided["refusals"] == []
        assert decided["volumes"][0]["erase"] == ["/dev/nvme1n1"]


def test_a_drive_that_is_named_by_its_path_is_never_erased():
    assert "by its serial number" in refusal([BY_PATH], seen(drive("S1", 1, **holding("ext4"))), "S1")


@pytest.mark.parametrize(
    ("use", "said"),
    [
        ({"mounts": ["/"]}, "in use, mounted at /"),
        ({"mounts": ["[SWAP]"]}, "in use, mounted at [SWAP]"),
        ({"users": ["/dev/dm-0"]}, "in use, used by /dev/dm-0"),
        ({"read_only": True}, "read-only"),
        ({"size": GIB // 4}, "less than 512 MiB"),
    ],
)
def test_no_consent_helps_with_a_drive_that_is_in_use_or_of_no_use(use, said):
    assert said in refusal([DATA], seen(drive("S1", 1, **holding("ext4"), **use)), "S1")
    assert said in refusal([DATA], seen(drive("S1", 1, **use)))


def test_a_drive_that_carries_the_volume_is_kept_whatever_the_run_consents_to():
    ours = holding("xfs", identity(DATA), "cg-data")
    decided = decide([DATA], seen(drive("S1", 1, mounts=["/var/lib/postgresql"], **ours), begun=["S1"]), "S1")
    assert decided["refusals"] == []
    (volume,) = decided["volumes"]
    assert (volume["erase"], volume["format"], volume["words"], volume["touched"]) == ([], False, "", [])


def test_the_identity_of_a_volume_never_changes_and_follows_from_its_names_alone():
    # Written to drives: another value and no host would know its volumes any more.
    assert identity(DATA) == "c468002f-1063-5a19-a03c-0f5e4e202b0b"
    assert identity(DATA | {"devices": ["S7"], "raid": "none"}) == identity(DATA)
    assert identity(WAL) != identity(DATA)


def test_what_an_earlier_run_began_goes_on_without_consent():
    unfinished = drive("S1", 1, **holding("xfs", identity(DATA), "camgrid-new"))
    (volume,) = decide([DATA], seen(unfinished))["volumes"]
    assert (volume["erase"], volume["format"]) == (["/dev/nvme1n1"], True)
    (volume,) = decide([DATA], seen(drive("S1", 1, blank=False), begun=["S1"]))["volumes"]
    assert (volume["erase"], volume["format"]) == (["/dev/nvme1n1"], True)


def test_a_file_system_is_not_turned_into_another():
    host = seen(drive("S1", 1, **holding("ext4", identity(DATA), "cg-data")))
    assert "holds it as ext4" in refusal([DATA], host, "S1")


def test_drives_that_are_mixed_up_are_refused_even_with_consent():
    swapped = seen(
        drive("S1", 1, **holding("xfs", identity(WAL), "cg-wal")),
        drive("S2", 2, **holding("xfs", identity(DATA), "cg-data")),
    )
    refusals = decide([DATA, WAL], swapped, "S1,S2")["refusals"]
    assert len(refusals) == 2
    assert "S2 (/dev/nvme2n1) holds this volume" in refusals[0]


def test_a_missing_drive_is_told_with_those_that_are_there():
    assert refusal([DATA], seen(drive("S7", 3))) == (
        "volume data: this host has no drive S1; it has S7 (/dev/nvme3n1, 100.0 GiB)"
    )


def test_a_drive_named_twice_and_a_serial_number_that_two_have():
    both = [DATA, {"name": "wal", "devices": ["/dev/disk/by-id/nvme-Vendor_S1"]}]
    assert "named for volume data as well" in refusal(both, seen(drive("S1", 1)))
    assert "/dev/nvme1n1 and /dev/nvme2n1" in refusal([DATA], seen(drive("S1", 1), drive("S1", 2)))


@pytest.mark.parametrize(
    ("different", "said"),
    [
        ({"places": {"/var/lib/postgresql": {"mounted": False, "entries": ["17"]}}}, "is not empty (17)"),
        (
            {"places": {"/var/lib/postgresql": {"mounted": True, "source": "/dev/sda1", "uuid": "x", "free": 0}}},
            "/dev/sda1 is mounted at /var/lib/postgresql already",
        ),
        ({"fstab": [{"uuid": "x", "mount": "/var/lib/postgresql", "ours": False}]}, "a line for /var/lib/postgresql"),
    ],
)
def test_a_place_that_is_taken_is_refused(different, said):
    assert said in refusal([DATA], seen(drive("S1", 1), **different))


def test_a_volume_that_the_inventory_forgets_or_moves_is_refused():
    kept = drive("S1", 1, **holding("xfs", identity(DATA), "cg-data"))
    line = {"uuid": identity(DATA), "mount": "/var/lib/postgresql", "ours": True}
    assert "names it no more" in refusal([WAL], seen(kept, drive("S2", 2), fstab=[line]))
    moved = DATA | {"mount": "/srv/data"}
    assert "or at another place" in decide([moved], seen(kept, fstab=[line]))["refusals"][0]


def test_the_reserve_is_made_unless_a_volume_is_too_full_for_it():
    place = {"mounted": True, "source": "/dev/nvme1n1", "uuid": identity(DATA), "free": GIB, "reserve": False}
    host = seen(drive("S1", 1, **holding("xfs", identity(DATA), "cg-data")), places={"/var/lib/postgresql": place})
    assert decide([DATA], host)["volumes"][0]["reserve_mb"] == 0
    assert decide([DATA | {"reserve_mb": 100}], host)["volumes"][0]["reserve_mb"] == 100
    assert decide([DATA], seen(drive("S1", 1)))["volumes"][0]["reserve_mb"] == 1024


CONTENT = st.sampled_from(
    [{}, {"blank": False}, holding("ext4", "b7"), holding("linux_raid_member", "c8"), holding("gpt")]
)
USE = st.sampled_from([{}, {}, {"mounts": ["/"]}, {"users": ["/dev/md0"]}])


@given(
    contents=st.lists(st.tuples(CONTENT, USE), min_size=3, max_size=3),
    consent=st.sets(st.sampled_from(["S0", "S1", "S2"])),
)
def test_nothing_is_ever_written_to_but_what_may_be(contents, consent):
    drives = [drive(f"S{at}", at, **what, **use) for at, (what, use) in enumerate(contents)]
    decided = decide([DATA, WAL], seen(*drives), ",".join(consent))
    named = {each["path"]: each for each in drives[1:]}
    for volume in decided["volumes"]:
        for path in {*volume["erase"], *volume["create"], *volume["add"], volume["source"]}:
            each = named[path]
            assert not each["mounts"]
            assert not each["users"]
            assert each["blank"] or each["serial"] in consent
            assert each["blank"] or path in volume["erase"]
    assert len(decided["refusals"]) + len(decided["volumes"]) == 2
