"""Running other programs, the data file to import, and the times of stages."""

from __future__ import annotations

import pytest

from camgrid.errors import CamgridError, UsageError
from camgrid.lab import cluster, config, mounts
from camgrid.lab.config import Lab
from camgrid.lab.run import run, stream, succeeds
from camgrid.lab.up import Stages


def test_a_failed_program_is_quoted_with_its_last_words():
    with pytest.raises(CamgridError, match=r"failed \(3\): no such luck") as failure:
        run(["sh", "-c", "echo no such luck >&2; exit 3"], hint="try again")
    assert failure.value.hint == "try again"
    assert not succeeds(["false"])


def test_input_and_output_of_a_program():
    assert run(["tr", "a", "b"], stdin="aaa") == "bbb"


def test_streamed_output_goes_to_the_terminal_in_colour_and_to_the_log_without(tmp_path, capsys):
    log = tmp_path / "log"
    code = stream(["printf", r"\033[31mred\033[0m\n"], log, cwd=tmp_path)
    assert code == 0
    assert capsys.readouterr().err == "\x1b[31mred\x1b[0m\n"
    assert log.read_text().splitlines()[1:] == ["red"]


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "STATE", tmp_path / "state")
    monkeypatch.setattr(cluster, "MELBOURNE", tmp_path / "melbourne.csv.gz")
    monkeypatch.delenv("CAMGRID_SAMPLE_DATA", raising=False)
    made = Lab.open("test")
    made.save()
    return made


def test_the_data_file_is_the_one_named_then_melbournes_then_a_generated_one(lab, tmp_path, monkeypatch):
    generated = cluster.data_file(lab, None)
    assert generated.read_text().startswith("timestamp,sensor_id,sensor_name,hourly_count\n")
    cluster.MELBOURNE.touch()
    assert cluster.data_file(lab, None) == cluster.MELBOURNE
    other = tmp_path / "other.csv"
    other.touch()
    monkeypatch.setenv("CAMGRID_SAMPLE_DATA", str(other))
    assert cluster.data_file(lab, None) == other
    with pytest.raises(UsageError, match="no such file"):
        cluster.data_file(lab, tmp_path / "missing.csv")


def test_stages_are_shown_with_their_times_and_a_total(capsys):
    stages = Stages()
    for name in ("one", "two"):
        with stages.stage(name):
            pass
    stages.show()
    assert [line.split()[0] for line in capsys.readouterr().err.splitlines()] == ["one", "two", "one", "two", "total"]


def test_nothing_is_mounted_below_an_ordinary_directory(tmp_path):
    assert mounts.mounted_below(tmp_path) == []
