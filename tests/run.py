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
from dataclasses import dataclass
from pathlib import Path

from camgrid.console import emit_table, out, say
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


@dataclass(frozen=True)
class LabTier:
    """Tests against a lab of their own. name also names the lab; citus: whether it has worker groups."""

    name: str
    subnet: str
    citus: bool


LABS = (LabTier("horiz", "10.88.0.0/24", citus=True), LabTier("reads", "10.89.0.0/24", citus=False))


@dataclass
class Outcome:
    """What came of a tier: passed and failed tests, or the reason why it did not run."""

    tier: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0
    reason: str = ""

    @property
    def word(self) -> str:
        """One word for the table."""
        if self.reason:
            return "not run"
        return "failed" if self.failed else "passed"


def main() -> int:
    """Runs what was asked for; 0 when nothing that ran failed."""
    parser = argparse.ArgumentParser(prog="scripts/test", description=__doc__)
    parser.add_argument(
        "--tier",
        action="append",
        choices=["lint", "unit", *(lab.name for lab in LABS)],
        help="only this tier; may be given more than once",
    )
    parser.add_argument("--all", action="store_true", help="the long parts too: every fault three times, benchmarks")
    parser.add_argument("--keep", action="store_true", help="leave the tests' labs running")
    parser.add_argument("-k", metavar="EXPRESSION", help="only tests that match, as pytest's -k")
    options = parser.parse_args()
    tiers = options.tier or ["lint", "unit", *(lab.name for lab in LABS)]
    outcomes = []
    if "lint" in tiers:
        outcomes.append(lint())
    if "unit" in tiers:
        outcomes.append(timed("unit", lambda outcome: run_pytest(outcome, ["tests/unit"], options)))
    outcomes += [run_lab(lab, options) for lab in LABS if lab.name in tiers]
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


def run_lab(lab: LabTier, options: argparse.Namespace) -> Outcome:
    """Boots a lab from bare hosts, runs the tests against it and removes it."""
    reason = why_not(lab)
    if reason:
        return Outcome(lab.name, reason=reason)

    def run(outcome: Outcome) -> None:
        command = [ROOT / "scripts/lab"]
        # What an interrupted run left would not be bare.
        if subprocess.run([*command, "down", "--name", lab.name], check=False).returncode:
            outcome.failed += 1
            return
        kind = "--with-citus" if lab.citus else "--without-citus"
        up = [*command, "up", "--name", lab.name, "--subnet", lab.subnet, kind, "--no-data"]
        started = time.monotonic()
        if subprocess.run(up, check=False).returncode:
            say(f"{lab.name}: the lab did not come up; its log is in /var/lib/camgrid/labs/{lab.name}")
            outcome.failed += 1
            return
        say(f"{lab.name}: bare hosts to a serving cluster in {time.monotonic() - started:.0f} s")
        os.environ["CAMGRID_TEST_LAB"] = lab.name
        run_pytest(outcome, ["tests/sql", "tests/cluster", "tests/chaos"], options)
        if not options.keep:
            subprocess.run([*command, "down", "--name", lab.name], check=True)

    return timed(lab.name, run)


def why_not(lab: LabTier) -> str:
    """Why a lab cannot run on this machine; empty when it can."""
    if os.geteuid() != 0:
        return "labs need root"
    if not sys.platform.startswith("linux"):
        return "labs need Linux"
    if lab.citus and not list(packages_dir().glob("postgresql-*-citus-*.deb")):
        return f"no Citus package in {packages_dir()}: put postgresql-17-citus-*.deb there"
    return ""


def run_pytest(outcome: Outcome, paths: list[str], options: argparse.Namespace) -> None:
    """Adds the counts of a pytest run to outcome."""
    report = RESULTS / f"{outcome.tier}.xml"
    RESULTS.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    command = [BIN / "python", "-m", "pytest", *paths, f"--junitxml={report}"]
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
    if code and not outcome.failed:
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
