"""Runs the tiers of tests one after the other; `scripts/test` is its entry.

A tier that cannot run here is named with its reason at the end and never counted as passed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from camgrid.console import emit_table, out, say
from camgrid.errors import CamgridError
from camgrid.lab import machine
from camgrid.lab.config import packages_dir

ROOT = Path(__file__).resolve().parents[1]
BIN = ROOT / ".venv/bin"
RESULTS = ROOT / ".cache/tests"
LINTERS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("yamllint", "--strict", "."),
    ("ansible-lint", "--offline"),
    ("sqlfluff", "lint", "--disable-progress-bar", "sql"),
)


DATABASE = ("tests/sql", "tests/cluster", "tests/chaos")


@dataclass(frozen=True)
class Stage:
    """Tests of a lab in one phase. grows: its tests themselves bring it there, from the phase before."""

    phase: str
    tests: tuple[str, ...]
    grows: bool = False


@dataclass(frozen=True)
class LabTier:
    """Tests against a lab of their own, which goes through stages. name also names the lab."""

    name: str
    subnet: str
    stages: tuple[Stage, ...]


READS = Stage("read_scaling", DATABASE)
HORIZONTAL = Stage("horizontal", (*DATABASE, "tests/restore"))
REGIONS = Stage("multi_region", ("tests/region",))
GROWN = LabTier(
    "grown", "10.89.0.0/24", (READS, Stage("horizontal", ("tests/growth",), grows=True), HORIZONTAL, REGIONS)
)
OFFLINE = LabTier("off", "10.95.0.0/24", (Stage("horizontal", ("tests/bundle",)),))
LABS = (GROWN, LabTier("horiz", "10.88.0.0/24", (HORIZONTAL, REGIONS)), OFFLINE)
# What runs with --all, or by name: why not otherwise.
LONG = {
    "vm": "a whole machine is emulated for minutes",
    "horiz": "the same tests run on the grown lab",
    "off": "a lab of its own is installed from a bundle",
}
# What they need beside what labs do: program → the Debian package that has it.
EMULATOR = {"qemu-system-x86_64": "qemu-system-x86", "qemu-img": "qemu-utils"}
BUNDLER = {"apt-ftparchive": "apt-utils"}


@dataclass
class Outcome:
    """What came of a tier: passed and failed tests, or the reason why it did not run."""

    tier: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0
    reason: str = ""
    reports: list[Path] = field(default_factory=list)

    @property
    def word(self) -> str:
        """One word for the table."""
        if self.reason:
            return "not run"
        return "failed" if self.failed else "passed"


def main() -> int:
    """Runs what was asked for; 0 when nothing that ran failed."""
    tiers = ["lint", "unit", "vm", *(lab.name for lab in LABS)]
    parser = argparse.ArgumentParser(prog="scripts/test", description=__doc__)
    parser.add_argument(
        "--tier",
        action="append",
        choices=tiers,
        help="only this tier; may be given more than once",
    )
    parser.add_argument("--all", action="store_true", help="the long parts too: every fault three times, benchmarks")
    parser.add_argument("--keep", action="store_true", help="leave the tests' labs running")
    parser.add_argument("-k", metavar="EXPRESSION", help="only tests that match, as pytest's -k")
    options = parser.parse_args()
    chosen = options.tier or [tier for tier in tiers if options.all or tier not in LONG]
    outcomes = []
    if "lint" in chosen:
        outcomes.append(lint())
    if "unit" in chosen:
        outcomes.append(timed("unit", lambda outcome: run_pytest(outcome, ["tests/unit"], options)))
    if "vm" in chosen:
        outcomes.append(run_vm(options))
    for lab in (lab for lab in LABS if lab.name in chosen):
        outcomes.append(run_lab(lab, options))
    if not options.tier:
        outcomes += [
            Outcome(tier, reason=f"only with --all or by name: {LONG[tier]}") for tier in LONG if tier not in chosen
        ]
    return summary(outcomes)


def lint() -> Outcome:
    """Each linter is one test."""

    # ansible-lint looks for its companions on the path.
    environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"}

    def run(outcome: Outcome) -> None:
        for command in LINTERS:
            say(f"lint: {' '.join(command)}")
            if subprocess.run([BIN / command[0], *command[1:]], cwd=ROOT, check=False, env=environment).returncode:
                outcome.failed += 1
            else:
                outcome.passed += 1

    return timed("lint", run)


def run_vm(options: argparse.Namespace) -> Outcome:
    """Boots a virtual machine with NVMe drives, for what a container cannot change; emulated, so it needs no KVM."""
    try:
        machine.check_kind()
        machine.install_packages(machine.PROGRAMS | EMULATOR)
    except CamgridError as error:
        return Outcome("vm", reason=f"no virtual machine: {error}")
    return timed("vm", lambda outcome: run_pytest(outcome, ["tests/vm"], options))


def run_lab(lab: LabTier, options: argparse.Namespace) -> Outcome:
    """Boots a lab from bare hosts, takes it through its stages and removes it."""
    reason = why_not(lab)
    if reason:
        return Outcome(lab.name, reason=reason)

    def run(outcome: Outcome) -> None:
        down = [ROOT / "scripts/lab", "down", "--name", lab.name]
        # What an interrupted run left would not be bare.
        if subprocess.run(down, check=False).returncode:
            outcome.failed += 1
            return
        os.environ["CAMGRID_TEST_LAB"] = lab.name
        # What is the same in two phases is tried in one of them.
        if lab is GROWN and not options.all and not not_in(HORIZONTAL.phase):
            os.environ["CAMGRID_TEST_BOTH"] = "1"
        else:
            os.environ.pop("CAMGRID_TEST_BOTH", None)
        phase = ""
        for stage in lab.stages:
            reason = not_in(stage.phase)
            if reason:
                say(f"{lab.name}: {stage.phase} is skipped: {reason}")
                outcome.skipped += 1
                continue
            if not stage.grows and stage.phase != phase and not brought_up(lab, stage.phase, outcome):
                break
            run_pytest(outcome, list(stage.tests), options)
            # With a choice of tests the one that lets the lab grow may not be among them.
            phase = "" if stage.grows and options.k else stage.phase
        if not options.keep:
            subprocess.run(down, check=True)

    return timed(lab.name, run)


def brought_up(lab: LabTier, phase: str, outcome: Outcome) -> bool:
    """Brings the lab into a phase; False, and a failure of the outcome, when it does not get there."""
    started = time.monotonic()
    up = ["up", "--name", lab.name, "--subnet", lab.subnet, "--phase", phase, "--no-data"]
    up += ["--offline", str(made_bundle())] if lab is OFFLINE else []
    # Bare hosts come up both ways: as Ansible does it by itself, and over Mitogen, as labs do.
    environment = os.environ | ({"ANSIBLE_STRATEGY": "linear"} if phase == READS.phase else {})
    if subprocess.run([ROOT / "scripts/lab", *up], check=False, env=environment).returncode:
        say(f"{lab.name}: {phase} did not come up; its log is in /var/lib/camgrid/labs/{lab.name}")
        outcome.failed += 1
        return False
    say(f"{lab.name}: {phase} in {time.monotonic() - started:.0f} s")
    return True


def made_bundle() -> Path:
    """A bundle of what the lab's hosts install, made anew."""
    machine.install_packages(BUNDLER)
    file = RESULTS / "lab.tar"
    RESULTS.mkdir(parents=True, exist_ok=True)
    command = [BIN / "camgrid", "-i", ROOT / "inventory/lab/hosts.yml", "bundle", "make", "--output", file]
    subprocess.run(command, cwd=ROOT, check=True)
    return file


def why_not(lab: LabTier) -> str:
    """Why a lab cannot run on this machine; empty when it can."""
    if os.geteuid() != 0:
        return "labs need root"
    if not sys.platform.startswith("linux"):
        return "labs need Linux"
    return not_in(lab.stages[0].phase)


def not_in(phase: str) -> str:
    """Why a lab cannot be in a phase on this machine; empty when it can."""
    if phase != "read_scaling" and not list(packages_dir().glob("postgresql-*-citus-*.deb")):
        return f"no Citus package in {packages_dir()}: put postgresql-17-citus-*.deb there"
    return ""


def run_pytest(outcome: Outcome, paths: list[str], options: argparse.Namespace) -> None:
    """Adds the counts of a pytest run to outcome."""
    report = RESULTS / f"{outcome.tier}-{len(outcome.reports)}.xml"
    outcome.reports.append(report)
    RESULTS.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    command = [BIN / "python", "-m", "pytest", *paths, f"--junitxml={report}", "--durations=15", "--durations-min=5"]
    command += ["-k", options.k] if options.k else []
    environment = os.environ | ({"CAMGRID_TEST_ALL": "1"} if options.all else {})
    code = subprocess.run(command, cwd=ROOT, check=False, env=environment).returncode
    if not report.exists():
        outcome.failed += 1
        return
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):  # noqa: S314 - our own pytest wrote it
        bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped = int(suite.get("skipped", 0))
        outcome.failed += bad
        outcome.skipped += skipped
        outcome.passed += int(suite.get("tests", 0)) - bad - skipped
    nothing_chosen = options.k and code == pytest.ExitCode.NO_TESTS_COLLECTED
    if code and not outcome.failed and not nothing_chosen:
        outcome.failed += 1  # pytest itself went wrong: nothing collected, a usage error


def timed(tier: str, run) -> Outcome:
    """The outcome of a tier with its time."""
    outcome = Outcome(tier)
    started = time.monotonic()
    say(f"\n=== {tier}")
    run(outcome)
    outcome.seconds = time.monotonic() - started
    return outcome


def summary(outcomes: list[Outcome]) -> int:
    """Shows what came of each tier and, on the last line, of all tests."""
    rows = [
        {
            "tier": o.tier,
            "result": o.word,
            "passed": o.passed,
            "failed": o.failed,
            "skipped": o.skipped,
            "seconds": round(o.seconds),
            "why": o.reason or None,
        }
        for o in outcomes
    ]
    out.print()
    emit_table(rows, {key: key for key in ("tier", "result", "passed", "failed", "skipped", "seconds", "why")})
    passed, failed, skipped = (sum(getattr(o, key) for o in outcomes) for key in ("passed", "failed", "skipped"))
    out.print(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
