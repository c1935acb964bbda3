"""Which columns of a file fill which targets."""

from __future__ import annotations

import pytest

from camgrid.errors import UsageError
from camgrid.ingest import mapping
from camgrid.ingest.formats import open_source
from camgrid.ingest.job import plan


@pytest.fixture
def source(tmp_path):
    def make(header, name="x.csv"):
        path = tmp_path / name
        path.write_text(header)
        return open_source(path)

    return make


def test_columns_go_by_name_and_maps_go_first(source):
    have = source("timestamp,camera_id,sensor=id,hourly,count_in,other\n")
    wanted = mapping.parse(["total_count=hourly", "camera_id = sensor=id"])
    assert mapping.resolve(wanted, have) == {
        "timestamp": "timestamp",
        "camera_id": "sensor=id",
        "count_in": "count_in",
        "total_count": "hourly",
    }


@pytest.mark.parametrize("pair", ["total_count", "total_count=", "camera=x"])
def test_a_map_that_means_nothing_is_refused(pair):
    with pytest.raises(UsageError, match="--map"):
        mapping.parse([pair])


def test_a_target_is_mapped_once():
    with pytest.raises(UsageError, match="twice"):
        mapping.parse(["site=a", "site=b"])


@pytest.mark.parametrize(
    ("header", "maps", "camera", "message"),
    [
        ("timestamp,camera_id,n", ["total_count=m"], None, "no column m"),
        ("camera_id,total_count", [], None, "no column for timestamp"),
        ("timestamp,total_count", [], None, "no column for camera_id"),
        ("timestamp,camera_id,n", [], None, "no column for any of the counts"),
        ("timestamp,camera_id,total_count", [], 5, "names cameras itself"),
        ("timestamp,timestamp,camera_id,total_count", [], None, "several columns timestamp"),
    ],
)
def test_a_file_that_cannot_fill_the_targets_is_refused_with_its_columns(source, header, maps, camera, message):
    with pytest.raises(UsageError, match=message) as refusal:
        mapping.resolve(mapping.parse(maps), source(header + "\n"), camera)
    assert camera or header.replace(",", ", ") in str(refusal.value)


def test_later_ndjson_rows_may_have_keys_that_the_first_have_not(source):
    have = source('{"timestamp": "", "camera_id": 1, "count_in": 2}\n', "x.ndjson")
    assert set(mapping.resolve({}, have)) == set(mapping.TARGETS)


def job_file(tmp_path, content, name="x.csv"):
    path = tmp_path / name
    path.write_text(content)
    return path


def test_local_times_want_a_zone_before_anything_is_done(tmp_path):
    path = job_file(tmp_path, "timestamp,camera_id,total_count\n2026-01-01T00:00,1,5\n")
    with pytest.raises(UsageError, match="has no offset") as refusal:
        plan(path)
    assert "line 2" in str(refusal.value)
    assert plan(path, timezone="Australia/Melbourne").zone.key == "Australia/Melbourne"


def test_an_import_is_known_by_its_content_and_meaning_not_by_its_name(tmp_path):
    text = "timestamp,camera_id,total_count,n\n2026-01-01T00:00Z,1,5,6\n"
    key = plan(job_file(tmp_path, text)).key
    assert plan(job_file(tmp_path, text, "y.csv"), chunk=7, make_partitions=True).key == key
    others = [
        plan(job_file(tmp_path, text + "\n")).key,
        plan(job_file(tmp_path, text), maps=["total_count=n"]).key,
        plan(job_file(tmp_path, text), timezone="UTC").key,
        plan(job_file(tmp_path, text), default_zone=1).key,
    ]
    assert len({key, *others}) == 5
