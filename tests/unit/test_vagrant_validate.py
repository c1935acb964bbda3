"""Vagrant itself, and libvirt where it is installed, take what the Vagrantfile says."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INVENTORIES = ("inventory/vagrant", "inventory/vagrant-small")
DOMAIN = """
<domain type='qemu'>
  <name>camgrid-test</name><memory>65536</memory><vcpu>1</vcpu><os><type>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <alias name='ua-box-volume-0'/><source file='/dev/null'/><target dev='vda' bus='virtio'/>
    </disk>
    <disk type='file' device='disk'>
      <alias name='ua-disk-volume-0'/><source file='/dev/null'/><target dev='vdb' bus='virtio'/><serial>D1</serial>
    </disk>
  </devices>
</domain>
"""
PLUGIN = "require ARGV.first; puts LibvirtNvme.as_nvme(STDIN.read)"

needs_ruby = pytest.mark.skipif(not shutil.which("ruby"), reason="ruby is not installed: apt-get install ruby")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a Vagrant that neither reads nor writes anything of the user's or of this directory."""
    if not shutil.which("vagrant"):
        pytest.skip("vagrant is not installed: apt-get install vagrant vagrant-libvirt")
    directory = tmp_path_factory.mktemp("vagrant")
    environment = {name: value for name, value in os.environ.items() if "VAGRANT" not in name}
    environment |= {"VAGRANT_HOME": str(directory / "home"), "VAGRANT_DOTFILE_PATH": str(directory / "dot")}
    return environment | {"VAGRANT_DEFAULT_PROVIDER": "libvirt"}


def validate(environment: dict[str, str], directory: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """What came of `vagrant validate`."""
    command = ["vagrant", "validate"]
    run = subprocess.run(command, cwd=directory, env=environment, check=False, capture_output=True, text=True)
    if "provider 'libvirt' could not be found" in run.stdout + run.stderr:
        pytest.skip("Vagrant has no libvirt provider: apt-get install vagrant-libvirt")
    return run


def as_nvme(xml: str) -> str:
    """A machine's definition as the Vagrantfile's plugin makes it."""
    command = ["ruby", "-e", PLUGIN, ROOT / "scripts/vagrant/libvirt_nvme.rb"]
    return subprocess.run(command, input=xml, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("inventory", INVENTORIES)
def test_vagrant_takes_it(home, inventory):
    run = validate(home | {"CAMGRID_VAGRANT_INVENTORY": inventory, "CAMGRID_VAGRANT_DRIVER": "qemu"})
    assert run.returncode == 0, run.stdout + run.stderr


def test_vagrant_takes_what_virtualbox_is_told(home, tmp_path):
    """VirtualBox is not there. Vagrant asks its version before it validates, and nothing else: that is answered."""
    stand_in = tmp_path / "VBoxManage"
    stand_in.write_text('#!/bin/sh\n[ "$*" = --version ] && echo 7.0.20r163906\n')
    stand_in.chmod(0o755)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "VAGRANT_DEFAULT_PROVIDER": "virtualbox"}
    run = validate(home | path | {"CAMGRID_VAGRANT_INVENTORY": INVENTORIES[1]})
    assert run.returncode == 0, run.stdout + run.stderr


def test_vagrant_would_say_so_if_there_were_no_such_setting(home, tmp_path):
    shutil.copytree(ROOT / "scripts/vagrant", tmp_path / "scripts/vagrant")
    text = (ROOT / "Vagrantfile").read_text()
    (tmp_path / "Vagrantfile").write_text(text.replace("libvirt.cpu_mode", "libvirt.cpu_mood"))
    environment = home | {"CAMGRID_VAGRANT_INVENTORY": str(ROOT / INVENTORIES[1]), "CAMGRID_VAGRANT_DRIVER": "qemu"}
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    for name in ("playbooks", "ansible.cfg"):
        (tmp_path / name).symlink_to(ROOT / name)
    run = validate(environment, tmp_path)
    assert run.returncode == 1
    assert "shouldn't exist: cpu_mood" in run.stdout + run.stderr


@needs_ruby
def test_the_box_s_disk_is_left_as_it_is_and_nothing_is_said_twice():
    once = as_nvme(DOMAIN)
    assert once.count("<qemu:device ") == once.count("alias='ua-disk-volume-0'>") == 1
    assert as_nvme(once) == once
    without = DOMAIN.replace("ua-disk-volume-0", "ua-other-0")
    assert as_nvme(without).strip() == without.strip()


@needs_ruby
@pytest.mark.skipif(not shutil.which("virsh"), reason="libvirt is not installed: apt-get install libvirt-clients")
def test_libvirt_hands_the_drive_to_qemu_as_nvme(tmp_path):
    (tmp_path / "domain.xml").write_text(as_nvme(DOMAIN))
    command = ["virsh", "--connect", "qemu:///system", "domxml-to-native", "qemu-argv", tmp_path / "domain.xml"]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    if "connect" in run.stderr and "socket" in run.stderr:
        pytest.skip(f"libvirt does not run: {run.stderr.strip()}")
    assert run.returncode == 0, run.stderr
    devices = [word for word in run.stdout.split() if "ua-" in word]
    assert '"driver":"nvme"' in devices[1]
    assert '"serial":"D1"' in devices[1]
    assert '"driver":"virtio-blk-pci"' in devices[0]
