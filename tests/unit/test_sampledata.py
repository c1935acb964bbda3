"""Made-up counts: the same for the same arguments, shaped like days and weeks, and a little dirty."""

from __future__ import annotations

import csv
import gzip
from datetime import date
from random import Random
from statistics import mean

import pytest

from camgrid.errors import UsageError
from camgrid.sampledata import COLUMNS, _poisson, write_csv


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    path = tmp_path_factory.mktemp("sample") / "x.csv.gz"
    assert write_csv(path, cameras=20, days=70) == 20 * 70 * 24
    with gzip.open(path, "rt", newline="") as file:
        return list(csv.DictReader(file))


def counts(sample, **wanted):
    rows = [row for row in sample if row["hourly_count"]]
    return [int(row["hourly_count"]) for row in rows if all(test(row) for test in wanted.values())]


def test_it_has_a_row_for_every_camera_and_local_hour(sample):
    assert tuple(sample[0]) == COLUMNS
    assert len({(row["timestamp"], row["sensor_name"]) for row in sample}) == len(sample)


def test_the_same_arguments_make_the_same_file(tmp_path):
    paths = [tmp_path / name for name in ("a.csv.gz", "b.csv.gz", "c.csv.gz")]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        write_csv(path, 3, 2, seed=seed)
    first, second, other = (path.read_bytes() for path in paths)
    assert first == second != other


def test_nights_are_quieter_than_days(sample):
    night = counts(sample, hour=lambda row: row["timestamp"][11:13] == "03")
    noon = counts(sample, hour=lambda row: row["timestamp"][11:13] == "13")
    assert mean(noon) > 5 * mean(night)


def test_it_is_a_little_dirty(sample):
    share = sum(1 for row in sample if not row["hourly_count"] or not row["sensor_id"]) / len(sample)
    assert 0 < share < 0.001
    assert any(row["timestamp"] == "2024-10-06T02:00" for row in sample)


@pytest.mark.parametrize("expected", [0.0, 0.5, 8, 200])
def test_counts_are_spread_as_poisson_says(expected):
    random = Random(1)  # noqa: S311
    drawn = [_poisson(expected, random) for _ in range(4000)]
    middle = mean(drawn)
    assert middle == pytest.approx(expected, rel=0.08, abs=0.01)
    assert mean((count - middle) ** 2 for count in drawn) == pytest.approx(expected, rel=0.12, abs=0.01)


def test_it_may_be_plain_text_from_any_day(tmp_path):
    path = tmp_path / "x.csv"
    write_csv(path, 1, 1, start=date(2020, 2, 29))
    assert path.read_text().splitlines()[1].startswith("2020-02-29T00:00,1,")


@pytest.mark.parametrize(("cameras", "days"), [(0, 1), (1, 0)])
def test_nothing_to_write_is_refused(tmp_path, cameras, days):
    with pytest.raises(UsageError, match="at least one"):
        write_csv(tmp_path / "x.csv", cameras, days)
