"""What an inventory may say of volumes; mistakes are told before a host is asked, with their mend."""

import re

import pytest

from camgrid import storage
from camgrid.storage.volumes import mistakes_in

MISTAKES = [
    ("data", "is no list of volumes"),
    ([{"name": "Data", "devices": ["S1"]}], "a volume's name is 'Data'"),
    ([{"name": "spare", "devices": ["S1"]}], "spare is mounted at None"),
    ([{"name": "data", "devices": ["S1"], "mount": "/a/../b"}], "is mounted at"),
    ([{"name": "data", "devices": ["S1"], "filesystem": "zfs"}], "the file system 'zfs'"),
    ([{"name": "data", "devices": ["S1"], "raid": 5}], "has raid 5"),
    ([{"name": "data", "devices": ["S1"], "reserve_mb": -1}], "reserve_mb -1"),
    ([{"name": "data", "devices": "S1"}], "has the devices 'S1'"),
    ([{"name": "data", "devices": ["/dev/nvme0n1"]}], "may be another drive after the next boot"),
    ([{"name": "data", "devices": ["sdb"]}], "may be another drive after the next boot"),
    ([{"name": "data", "devices": ["S1", "S2"]}], "2 drives and no RAID"),
    ([{"name": "data", "devices": ["S1"], "raid": 1}], "1 drives for RAID 1"),
    ([{"name": "data", "devices": ["S1", "S1"], "raid": 1}], "names a drive twice"),
    ([{"name": "data", "devices": ["S1", "S2", "S3", "S4", "S5"], "raid": 10}], "5 drives for RAID 10"),
    ([{"name": "data", "devices": ["S1"], "wipe": True}], "data has wipe"),
    ([{"name": "data", "devices": ["S1"]}, {"name": "wal", "devices": ["S1"]}], "the drive S1 is used by data and wal"),
    (
        [{"name": "data", "devices": ["S1"]}, {"name": "a", "devices": ["S2"], "mount": "/var/lib/postgresql"}],
        "the place /var/lib/postgresql is used by data and a",
    ),
]


@pytest.mark.parametrize(("told", "said"), MISTAKES, ids=[said for _, said in MISTAKES])
def test_a_mistake_is_named(told, said):
    assert any(said in text for text, _ in mistakes_in(told))
    with pytest.raises(ValueError, match=re.escape(said)):
        storage.parse(told)


def test_what_is_left_out_has_a_sound_value():
    (volume,) = storage.parse([{"name": "wal", "devices": [12345]}])
    assert (volume.devices, volume.mount, volume.filesystem, volume.raid) == (
        ("12345",),
        "/var/lib/postgresql-wal",
        "xfs",
        "none",
    )
    assert len(volume.label) <= 12, "longer than a label of XFS"


def test_the_directory_of_pg_wal_follows_from_the_volume():
    assert storage.wal_directory([{"name": "data", "devices": ["S1"]}], 17, "harbour") == ""
    volumes = [{"name": "wal", "devices": ["S2"], "mount": "/srv/wal"}]
    assert storage.wal_directory(volumes, 17, "harbour") == "/srv/wal/17/harbour"
