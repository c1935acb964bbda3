"""What `lab up` does once the hosts run, with nothing but the project's own commands: playbook, import, screen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from camgrid.console import say
from camgrid.errors import CamgridError, UsageError
from camgrid.lab.config import DEFAULT_NAME, ROOT, Lab
from camgrid.lab.inventory import inventory_of, shown
from camgrid.lab.run import call, stream

_PROGRAMS = Path(sys.executable).parent
MELBOURNE = ROOT.parent / "shared" / "data" / "melbourne_pedestrian_2012_2015.csv.gz"
# The columns of the sample, and of Melbourne's pedestrian counts that it looks like.
_COLUMNS = {
    "camera_id": "sensor_id",
    "camera_name": "sensor_name",
    "timestamp": "timestamp",
    "total_count": "hourly_count",
}
_TIMEZONE = "Australia/Melbourne"
# Seconds that a cluster which was just made or has just grown has to settle: a replica that starts, a job that failed
# while tables were moved and runs again within the minute.
_SETTLE_S = 150


def configure(lab: Lab) -> None:
    """Runs site.yml against the lab's hosts, as one would against bare metal."""
    log = lab.directory / "ansible.log"
    lab.control_sockets.mkdir(mode=0o700, exist_ok=True)
    code = stream(
        [_PROGRAMS / "ansible-playbook", "-i", inventory_of(lab), "playbooks/site.yml"],
        log,
        cwd=ROOT,
        env={
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            # All hosts share this machine's processors, which would be busy with starting Python for each task.
            "ANSIBLE_STRATEGY": os.environ.get("ANSIBLE_STRATEGY", "mitogen_linear"),
            # Seconds until a host counts as unreachable; over Mitogen its Python has to have started by then.
            "ANSIBLE_TIMEOUT": "60",
            "ANSIBLE_FORCE_COLOR": "1" if sys.stderr.isatty() and "NO_COLOR" not in os.environ else "0",
        },
    )
    if code:
        raise CamgridError(
            f"playbooks/site.yml failed ({code})",
            where=str(log),
            hint=f"the hosts keep running; when the cause is gone: scripts/lab up{_name_option(lab)}",
        )


def import_data(lab: Lab, given: Path | None) -> None:
    """Imports given, or the sample, with the command's own `import`, unless the lab has it already."""
    source = data_file(lab, given)
    fingerprint = f"{source.resolve()} {source.stat().st_size}"
    if lab.data == fingerprint:
        say(f"data: {source.name} is there already")
        return
    mapping = [word for column, name in _COLUMNS.items() for word in ("--map", f"{column}={name}")]
    code = _camgrid(
        lab,
        "import",
        str(source),
        *mapping,
        "--timezone",
        _TIMEZONE,
        "--make-partitions",
        "--rejects",
        str(lab.directory / "rejects.csv"),
    )
    if code:
        raise CamgridError(
            f"camgrid import ended with {code}", where=str(source), hint=f"scripts/lab up{_name_option(lab)}"
        )
    lab.data = fingerprint
    lab.save()


def data_file(lab: Lab, given: Path | None) -> Path:
    """The file to import: the one given or named by CAMGRID_SAMPLE_DATA, Melbourne's, or one generated."""
    named = given or (Path(os.environ["CAMGRID_SAMPLE_DATA"]) if "CAMGRID_SAMPLE_DATA" in os.environ else None)
    if named:
        if not named.is_file():
            raise UsageError("no such file", where=str(named), hint="name another with --data, or say --no-data")
        return named
    if MELBOURNE.is_file():
        return MELBOURNE
    from camgrid import sampledata

    generated = lab.directory / "sample.csv"
    if not generated.exists():
        draft = generated.with_suffix(".new")
        sampledata.write_csv(draft, cameras=40, days=90)
        draft.replace(generated)
    return generated


def settle(lab: Lab) -> None:
    """Waits until nothing is wrong with the cluster, and says for what; what stays wrong the final screen tells."""
    deadline, said = time.monotonic() + _SETTLE_S, ""
    while (found := _findings(lab)) and time.monotonic() < deadline:
        shown_now = "; ".join(f"{each['where']}: {each['what']}" for each in found)
        if shown_now != said:
            say(f"waiting for the cluster to settle: {shown_now}")
            said = shown_now
        time.sleep(5)


def _findings(lab: Lab) -> list[dict[str, Any]]:
    """What `camgrid status` finds wrong; nothing where it does not get that far."""
    command = [_PROGRAMS / "camgrid", "-i", inventory_of(lab), "status", "--json"]
    answer = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    return json.loads(answer.stdout)["findings"] if answer.stdout else []


def final_screen(lab: Lab) -> int:
    """Shows the cluster with the command's own words, and what to try next. Returns the exit code of `status`."""
    code = _camgrid(lab, "status")
    _camgrid(lab, "report", "counts", "--by", "month", "--limit", "12", "--timezone", _TIMEZONE)
    where = shown(inventory_of(lab))
    say("\nNext:")
    say(f"  .venv/bin/camgrid -i {where} status")
    say(f"  .venv/bin/camgrid -i {where} report counts --by hour --camera 1 --limit 24")
    say(f"  scripts/lab ssh{_name_option(lab)} g0m1")
    return code


def _camgrid(lab: Lab, *words: str) -> int:
    return call([_PROGRAMS / "camgrid", "-i", inventory_of(lab), *words], cwd=ROOT)


def _name_option(lab: Lab) -> str:
    return "" if lab.name == DEFAULT_NAME else f" --name {lab.name}"
