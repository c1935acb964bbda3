"""The machine's drives by their purpose, and the volumes that its inventory makes of them."""

from __future__ import annotations

from tests.vm.machine import BOOT_DRIVE, Drive

# Sizes differ, so that a test that mixes drives up is seen to fail.
DATA = Drive("CGDATA1", 4096, sector=4096)
WAL = Drive("CGWAL1", 2048)
MIRRORS = (Drive("CGMIRROR1"), Drive("CGMIRROR2"))
# Holds what somebody else has left on it.
FOREIGN = Drive("CGFOREIGN", 768)
# Nobody names it in the inventory.
IDLE = Drive("CGIDLE", 640)
DRIVES = (DATA, WAL, *MIRRORS, FOREIGN, IDLE)

VOLUMES = [
    {"name": "data", "devices": [DATA.serial]},
    {"name": "wal", "devices": [f"/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_{WAL.serial}"]},
    {
        "name": "mirror",
        "devices": [drive.serial for drive in MIRRORS],
        "raid": 1,
        "filesystem": "ext4",
        "mount": "/srv/mirror",
    },
]
# Each wrong in its own way; the last is sound, and must not be made either while others are refused.
WRONG = [
    {"name": "foreign", "devices": [FOREIGN.serial], "mount": "/srv/foreign"},
    {"name": "missing", "devices": ["CGMISSING"], "mount": "/srv/missing"},
    {"name": "system", "devices": [BOOT_DRIVE], "mount": "/srv/system"},
    {"name": "sound", "devices": [IDLE.serial], "mount": "/srv/sound"},
]
