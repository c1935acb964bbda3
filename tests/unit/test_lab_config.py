"""Names, subnets, memory and locks of a lab."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from camgrid.errors import CamgridError, UsageError
from camgrid.lab import config
from camgrid.lab.config import Lab, all_labs, lab_lock


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "STATE", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["lab", "test", "a", "ci12345x"])
def test_good_names_make_interface_names_that_the_kernel_takes(name):
    assert len(Lab.open(name).bridge) <= 15


@pytest.mark.parametrize("name", ["", "Lab", "9lives", "a-b", "toolongname", "../x", "a b"])
def test_bad_names_are_refused(name):
    with pytest.raises(UsageError, match="cannot be a lab's name"):
        Lab.open(name)


@pytest.mark.parametrize("subnet", ["10.77.0.1/24", "8.8.8.0/24", "10.0.0.0/8", "10.79.0.0/25", "fd00::/64", "x"])
def test_bad_subnets_are_refused_with_an_example(subnet):
    with pytest.raises(UsageError) as refusal:
        Lab.open("test", subnet)
    assert "--subnet 10.78.0.0/24" in refusal.value.hint


def test_a_lab_remembers_what_it_decided():
    lab = Lab.open("test", "10.79.0.0/24")
    lab.phase, lab.extra_replica, lab.image = "read_scaling", True, "/image"
    lab.save()
    assert Lab.open("test") == lab
    assert [each.name for each in all_labs()] == ["test"]


def test_a_lab_keeps_its_subnet():
    Lab.open("test", "10.79.0.0/24").save()
    with pytest.raises(UsageError, match=r"has the subnet 10\.79\.0\.0/24"):
        Lab.open("test", "10.80.0.0/24")


@pytest.mark.parametrize("record", ["", "{", '{"name": "test"}', '{"subnet": "nonsense"}'])
def test_a_broken_record_is_as_good_as_none(record):
    lab = Lab.open("test")
    lab.directory.mkdir(parents=True)
    lab.record.write_text(record)
    assert Lab.open("test").subnet == IPv4Network("10.77.0.0/24")


def test_addresses_are_those_that_hosts_were_booted_with():
    lab = Lab.open("test")
    lab.host_dir("g0m1").mkdir(parents=True)
    lab.host_dir("half").mkdir()
    (lab.host_dir("g0m1") / "address").write_text("10.77.0.11")
    assert lab.addresses == {"g0m1": "10.77.0.11"}
    with pytest.raises(UsageError, match="no host half") as refusal:
        lab.address("half")
    assert "g0m1" in refusal.value.hint


def test_a_lab_is_changed_by_one_process_at_a_time():
    lab = Lab.open("test")
    with lab_lock(lab), pytest.raises(CamgridError, match="being changed by another process"), lab_lock(lab):
        pass


def test_the_lock_of_a_lab_that_is_not_leaves_nothing(state):
    with lab_lock(Lab.open("test")):
        pass
    assert list((state / "labs").iterdir()) == []
