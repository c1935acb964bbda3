"""Makes a newer version of packages that this host has, the same in all but its number, and lets apt find them.

By standard input: {packages: [name], suffix: what the version gets at its end}. Prints the newer versions as JSON.
Nothing is installed; `rm /etc/apt/sources.list.d/newer.list` takes them away again.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

WHERE = Path("/var/tmp/newer")  # noqa: S108
told = json.load(sys.stdin)


def run(*command: object) -> str:
    """What a command prints."""
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True, cwd=WHERE).stdout


WHERE.mkdir(exist_ok=True)
index, made = [], {}
for package in told["packages"]:
    # By its version: the one that is installed may be of an earlier test, and nowhere to be had any more.
    offered = run("apt-cache", "madison", package).split("|")[1].strip()
    run("apt-get", "download", f"{package}={offered}")
    (original,) = WHERE.glob(f"{package}_*.deb")
    tree = WHERE / package
    run("dpkg-deb", "--raw-extract", original, tree)
    control = tree / "DEBIAN/control"
    lines = control.read_text().splitlines()
    version = next(line for line in lines if line.startswith("Version: "))
    # Others depend on exactly the version that they were built with.
    lines = [line + told["suffix"] if line == version else line for line in lines]
    control.write_text("\n".join(lines) + "\n")
    original.unlink()
    run("dpkg-deb", "-Znone", "--build", tree, WHERE / f"{package}.deb")
    run("rm", "-r", tree)
    content = (WHERE / f"{package}.deb").read_bytes()
    rest = f"Filename: ./{package}.deb\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"
    index.append("\n".join(lines) + "\n" + rest)
    made[package] = version.removeprefix("Version: ") + told["suffix"]
(WHERE / "Packages").write_text("\n".join(index))
WHERE.chmod(0o755)
Path("/etc/apt/sources.list.d/newer.list").write_text(f"deb [trusted=yes] file:{WHERE} ./\n")
run("apt-get", "update")
print(json.dumps(made))
