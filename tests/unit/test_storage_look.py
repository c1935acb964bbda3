"""What the host is read by: the parts that need no drive. tests/vm does the rest on a machine that has some."""

import importlib.util
from pathlib import Path

import yaml

ROLE = Path(__file__).resolve().parents[2] / "roles/storage"
SPEC = importlib.util.spec_from_file_location("look", ROLE / "files/look.py")
look = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(look)

FSTAB = """
# <file system> <mount point>
LABEL=root / ext4 defaults 0 1
# BEGIN camgrid volumes
UUID=a1 /var/lib/postgresql xfs noatime 0 0
# a word in between
UUID=a2 /srv/more ext4 noatime 0 2
# END camgrid volumes
/dev/sdb1 /srv ext4 defaults 0 2
"""


def test_the_lines_between_the_markers_are_ours():
    assert look.fstab(FSTAB) == [
        {"uuid": "LABEL=root", "mount": "/", "ours": False},
        {"uuid": "a1", "mount": "/var/lib/postgresql", "ours": True},
        {"uuid": "a2", "mount": "/srv/more", "ours": True},
        {"uuid": "/dev/sdb1", "mount": "/srv", "ours": False},
    ]
    assert look.fstab("") == []


def test_the_role_writes_the_markers_and_the_file_that_are_read():
    tasks = yaml.safe_load((ROLE / "tasks/mount.yml").read_text())
    (block,) = [task["ansible.builtin.blockinfile"] for task in tasks if "fstab" in task["name"]]
    assert (block["path"], block["marker"]) == (str(look.FSTAB), f"# {{mark}} {look.BLOCK}")
    assert str(look.BEGUN) in (ROLE / "tasks/volumes.yml").read_text()


def test_a_place_is_seen_with_what_it_holds(tmp_path):
    assert look.place(str(tmp_path / "absent")) == {"mounted": False, "entries": []}
    (tmp_path / "17").mkdir()
    assert look.place(str(tmp_path)) == {"mounted": False, "entries": ["17"]}
    root = look.place("/")
    assert root["mounted"]
    assert root["free"] >= 0


def test_a_drive_is_blank_when_it_reads_as_zeros(tmp_path):
    drive = tmp_path / "drive"
    drive.write_bytes(bytes(1 << 20))
    assert look.blank(str(drive))
    drive.write_bytes(bytes(1 << 20) + b"x")
    assert not look.blank(str(drive))
