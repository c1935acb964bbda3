"""RAID: made of drives alike, known again by its UUID, completed after a drive was replaced, and never made twice."""

from drives import GIB, decide, drive, holding, identity, refusal, seen

MIRROR = {"name": "data", "devices": ["S1", "S2"], "raid": 1}
OWN = identity(MIRROR, "array")


def member(serial: str, number: int, **different):
    return drive(
        serial,
        number,
        **(holding("linux_raid_member", OWN, "worker-1a:cg-data") | {"users": ["/dev/md127"]}),
        **different,
    )


def array(*members: str, **different):
    return {
        "path": "/dev/md127",
        "uuid": OWN,
        "level": "raid1",
        "drives": 2,
        "members": list(members),
        "signatures": [{"type": "xfs", "uuid": identity(MIRROR), "label": "cg-data"}],
        "mounts": ["/var/lib/postgresql"],
    } | different


BOTH = ("/dev/nvme1n1", "/dev/nvme2n1")


def test_two_blank_drives_become_a_mirror():
    (volume,) = decide([MIRROR], seen(drive("S1", 1), drive("S2", 2)))["volumes"]
    assert (volume["source"], volume["create"]) == ("/dev/md/cg-data", list(BOTH))
    assert (volume["format"], volume["touched"]) == (True, ["S1", "S2"])
    assert volume["mdadm"] == f"ARRAY /dev/md/cg-data metadata=1.2 UUID={OWN}"


def test_a_mirror_that_is_there_is_kept():
    decided = decide([MIRROR], seen(member("S1", 1), member("S2", 2), arrays=[array(*BOTH)]), "S1,S2")
    assert decided["refusals"] == []
    (volume,) = decided["volumes"]
    assert (volume["create"], volume["add"], volume["format"], volume["words"]) == ([], [], False, "")


def test_drives_of_different_sizes_are_refused():
    said = refusal([MIRROR], seen(drive("S1", 1), drive("S2", 2, size=98 * GIB)))
    assert "differ in size by more than 1%" in said
    assert decide([MIRROR], seen(drive("S1", 1), drive("S2", 2, size=int(99.5 * GIB))))["refusals"] == []


def test_a_volume_that_is_there_is_not_turned_into_an_array():
    kept = drive("S1", 1, **holding("xfs", identity(MIRROR), "cg-data"))
    assert "not turned into an array" in refusal([MIRROR], seen(kept, drive("S2", 2)), "S1,S2")


def test_a_drive_cannot_be_both_halves():
    both = MIRROR | {"devices": ["S1", "/dev/disk/by-id/nvme-Vendor_S1"]}
    assert "is named for it twice" in refusal([both], seen(drive("S1", 1)))


def test_each_drive_needs_a_consent_of_its_own():
    host = seen(drive("S1", 1, **holding("ext4")), drive("S2", 2, **holding("ext4")))
    assert "storage_consent=S2" in refusal([MIRROR], host, "S1")
    assert decide([MIRROR], host, "S1,S2")["volumes"][0]["erase"] == list(BOTH)


def test_a_replaced_drive_is_added_to_the_array():
    host = seen(member("S1", 1), drive("S3", 3), arrays=[array("/dev/nvme1n1")])
    (volume,) = decide([MIRROR | {"devices": ["S1", "S3"]}], host)["volumes"]
    assert (volume["add"], volume["format"], volume["touched"]) == (["/dev/nvme3n1"], False, ["S3"])
    assert volume["words"] == "add S3 (/dev/nvme3n1), nothing, to /dev/md127"


def test_a_member_that_the_inventory_does_not_name_is_refused():
    host = seen(member("S1", 1), member("S2", 2), drive("S3", 3), arrays=[array(*BOTH)])
    assert "/dev/nvme2n1 in its array" in refusal([MIRROR | {"devices": ["S1", "S3"]}], host)


def test_an_array_that_does_not_run_is_not_made_anew():
    stopped = [member("S1", 1) | {"users": []}, drive("S2", 2)]
    assert "which does not run" in refusal([MIRROR], seen(*stopped), "S1,S2")
    # Unless a run that was killed was making it.
    (volume,) = decide([MIRROR], seen(*stopped, begun=["S1", "S2"]))["volumes"]
    assert (volume["create"], volume["erase"]) == (list(BOTH), ["/dev/nvme1n1"])


def test_an_array_that_an_earlier_run_made_is_formatted():
    bare = array(*BOTH, signatures=[], mounts=[])
    (volume,) = decide([MIRROR], seen(member("S1", 1), member("S2", 2), arrays=[bare], begun=["S1", "S2"]))["volumes"]
    assert (volume["source"], volume["create"], volume["format"]) == ("/dev/md127", [], True)


def test_another_array_is_not_touched():
    foreign = drive("S1", 1, **holding("linux_raid_member", "c8"), users=["/dev/md0"])
    assert "used by /dev/md0" in refusal([MIRROR], seen(foreign, drive("S2", 2)), "S1,S2")


def test_an_array_of_another_shape_is_refused():
    host = [member("S1", 1), member("S2", 2)]
    assert "is a raid0" in refusal([MIRROR], seen(*host, arrays=[array(*BOTH, level="raid0")]))
    assert "has 3 drives" in refusal([MIRROR], seen(*host, arrays=[array(*BOTH, drives=3)]))
    other = array(*BOTH, signatures=[{"type": "ext4", "uuid": "b7", "label": ""}])
    assert "nothing is erased on an array" in refusal([MIRROR], seen(*host, arrays=[other]), "S1,S2")
