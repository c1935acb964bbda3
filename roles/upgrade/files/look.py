"""Which of a host's packages have a newer version, and what still runs as it was before one was installed, as JSON.

Changes nothing. Its argument is JSON: a list of components, each with name, packages (names or patterns of dpkg), and
what tells since when its software runs: stamp (a file that is touched at every start), pidfile or unit. Of each it
prints {name, installed: [package], newer: [[package, version, newer version]], stale: whether it runs from before}.
"""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

# apt-get --simulate: Inst postgresql-17 [17.11-0] (17.12-0 Debian:13.3/stable [amd64])
_INSTALL = re.compile(r"^Inst (\S+) \[(\S+)\] \((\S+)", re.M)


def output(*command: str) -> str:
    """What a command prints; nothing when it fails, as dpkg-query does for a pattern that matches nothing."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def installed(patterns: list[str]) -> list[str]:
    """Names of the packages that are there."""
    shown = output("dpkg-query", "--show", "--showformat=${db:Status-Status} ${Package}\n", *patterns)
    return sorted(line.split()[1] for line in shown.splitlines() if line.startswith("installed "))


def newer(packages: list[str]) -> list[list[str]]:
    """What apt would upgrade, with these packages or because of them. Ends with apt's words when it cannot say."""
    command = ["apt-get", "--simulate", "--quiet", "--no-install-recommends", "--only-upgrade", "install", *packages]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.returncode:
        sys.exit(f"apt cannot say what is newer of {', '.join(packages)}: {said.stderr.strip()}")
    return [list(found) for found in _INSTALL.findall(said.stdout)]


def unpacked(packages: list[str]) -> float:
    """When the newest of these packages was put on the disk, in seconds of the epoch."""
    info = Path("/var/lib/dpkg/info")
    lists = [path for name in packages for path in (*info.glob(f"{name}.list"), *info.glob(f"{name}:*.list"))]
    return max((path.stat().st_mtime for path in lists), default=0.0)


def runs_since(component: dict) -> float | None:
    """When the component's software was started; None when it does not run."""
    if "stamp" in component:
        stamp = Path(component["stamp"])
        return stamp.stat().st_mtime if stamp.exists() else None
    if "pidfile" in component:
        pidfile = Path(component["pidfile"])
        pid = pidfile.read_text().split()[0] if pidfile.exists() else "0"
    else:
        pid = output("systemctl", "show", "--property=MainPID", "--value", component["unit"]).strip()
    age = output("ps", "-o", "etimes=", "-p", pid).strip() if pid not in ("", "0") else ""
    return time.time() - int(age) if age else None


def look(component: dict) -> dict:
    """What is true of a component now."""
    packages = installed(component["packages"])
    since = runs_since(component)
    return {
        "name": component["name"],
        "installed": packages,
        "newer": newer(packages) if packages else [],
        # ps counts whole seconds.
        "stale": since is not None and since + 1 < unpacked(packages),
    }


if __name__ == "__main__":
    print(json.dumps([look(component) for component in json.loads(sys.argv[1])]))
