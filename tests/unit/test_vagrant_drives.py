"""A Vagrant machine has the drives that the host's volumes are made of, and knows them by the same serial numbers."""

import subprocess

import pytest

from tests.unit.vagrantfile import machines, needs_ruby, recorded, written

VOLUMES = """
all: {vars: {vagrant_drive_gb: 3}}
hosts:
  hosts:
    a:
      ansible_host: 10.0.0.1
      camgrid_volumes: [{name: data, devices: [D1, D2], raid: 1}, {name: wal, devices: ["007"]}]
    b: {ansible_host: 10.0.0.2}
"""

pytestmark = needs_ruby


def test_each_device_of_a_volume_is_a_drive_with_that_serial_number(tmp_path):
    found = machines(recorded(written(tmp_path, VOLUMES)))
    drives = found["a"]["provider libvirt"]["storage"]
    assert [(drive[1]["serial"], drive[1]["size"]) for drive in drives] == [("D1", "3G"), ("D2", "3G"), ("007", "3G")]
    told = [customized[0] for customized in found["a"]["provider virtualbox"]["customize"]]
    sizes = [command[command.index("--size") + 1] for command in told if command[0] == "createmedium"]
    assert sizes == ["3072"] * 3
    serials = {command[2]: command[3] for command in told if command[0] == "setextradata"}
    key = "VBoxInternal/Devices/nvme/{}/Config/SerialNumber"
    assert serials == {key.format(0): "string:D1", key.format(1): "string:D2", key.format(2): "string:007"}
    assert "storage" not in found["b"]["provider libvirt"]
    assert "customize" not in found["b"]["provider virtualbox"]


def test_a_drive_that_is_named_by_a_path_is_refused(tmp_path):
    with pytest.raises(subprocess.CalledProcessError) as caught:
        recorded(written(tmp_path, VOLUMES.replace("[D1, D2]", "[/dev/disk/by-id/nvme-1]")))
    assert "a: camgrid_volumes: name the drives of Vagrant machines by serial numbers" in caught.value.stderr
