"""Keeps a region that was given up from taking writes: when one of its nodes starts, and while it runs.

`region_guard.py SETTINGS start` ends well when Patroni may start, and says why not otherwise. `… watch` runs for ever
and stops Patroni once the other region was opened later than this one. Who leads where stands in Patroni's shared
settings: `standby_cluster` in those of a region that follows, `camgrid_region.epoch` how often it was opened anew.
"""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

FENCED = Path("/etc/camgrid/region.fenced")
OVERRIDE = Path("/etc/camgrid/region.override")
TIMEOUT_S = 3
# Seconds that `start` looks again: a boot starts etcd and this at once. Below the unit's own time-out.
PATIENCE_S = 20
INTERVAL_S = 5

Settings = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """What a starting node sees. own, far: the group's shared settings in this region and the other, None where nobody
    tells; data: whether it has a database; runs: whether that runs already; led: whether a member here leads."""

    own: Settings | None
    far: Settings | None
    data: bool = True
    runs: bool = False
    led: bool = False
    fenced: bool = False
    override: bool = False


def epoch(config: Settings | None) -> int:
    """How often the cluster had been opened in a region when these settings were written."""
    return int(((config or {}).get("camgrid_region") or {}).get("epoch", 0))


def follows(config: Settings) -> bool:
    """Whether a group with these settings takes no writes."""
    return bool(config.get("standby_cluster"))


def refusal(seen: Seen, far_region: str) -> str:
    """Why Patroni may not start, "" when it may."""
    if seen.runs or seen.override:
        return ""
    if seen.fenced:
        return f"this region was given up ({FENCED} is there). Next: camgrid region return"
    if seen.led or (seen.own is None and not seen.data) or follows(seen.own or {}):
        return ""
    if seen.far is None:
        if ((seen.own or {}).get("camgrid_region") or {}).get("alone"):
            return ""
        return (
            f"nobody leads this group here, and {far_region} does not tell whether it has taken over. Next: camgrid"
            f" region return, once it answers; when it is certain that it takes no writes: touch {OVERRIDE}"
        )
    # Higher though it follows: it is about to be opened. The same and open: it was opened when nobody could ask here.
    if epoch(seen.far) > epoch(seen.own) or (not follows(seen.far) and epoch(seen.far) == epoch(seen.own)):
        return f"{far_region} takes the writes. Next: camgrid region return, which makes this region follow it"
    return ""


def outdated(own: Settings | None, far: Settings | None) -> bool:
    """Whether this region takes writes though the other was opened after it."""
    return bool(own and far) and not follows(own) and not follows(far) and epoch(far) > epoch(own)


class Watch:
    """Asks Patroni and etcd. settings: what the role wrote."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.settings["ca_certificate"])
        context.load_cert_chain(self.settings["certificate"])
        return context

    def _get(self, address: str, path: str) -> Settings | None:
        try:
            with urlopen(f"https://{address}:8008/{path}", timeout=TIMEOUT_S, context=self._context()) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    def _first(self, addresses: list[str], path: str) -> Settings | None:
        with ThreadPoolExecutor(max_workers=max(1, len(addresses))) as pool:
            answers = list(pool.map(lambda address: self._get(address, path), addresses))
        return next((answer for answer in answers if answer is not None), None)

    def stored(self) -> Settings | None:
        """The group's settings as this region's etcd has them, None where it has none. OSError without an answer."""
        group = self.settings["group"]
        place = "/".join(["/service", self.settings["cluster"], *([] if group is None else [str(group)]), "config"])
        body = json.dumps({"key": base64.b64encode(place.encode()).decode()}).encode()
        problem: Exception = OSError("no member is known")
        for address in self.settings["etcd"]:
            request = Request(f"https://{address}:2379/v3/kv/range", body)
            try:
                # S310: always https.
                with urlopen(request, timeout=TIMEOUT_S, context=self._context()) as answer:  # noqa: S310
                    found = json.load(answer).get("kvs", [])
                return json.loads(base64.b64decode(found[0]["value"])) if found else None
            except (OSError, ValueError) as error:
                problem = error
        raise OSError(f"etcd does not answer: {problem}")

    def far(self) -> Settings | None:
        """The group's settings as the other region tells them."""
        return self._first(self.settings["far"], "config")

    def seen(self) -> Seen:
        """What a starting node has to know."""
        data = Path(self.settings["data_directory"])
        return Seen(
            own=self.stored(),
            far=self.far(),
            data=(data / "PG_VERSION").exists(),
            runs=_runs(data / "postmaster.pid"),
            led=self._first(self.settings["mates"], "primary") is not None,
            fenced=FENCED.exists(),
            override=OVERRIDE.exists(),
        )


def _runs(pid_file: Path) -> bool:
    try:
        number = pid_file.read_text().split()[0]
        return Path(f"/proc/{number}/comm").read_text().startswith("postgres")
    except (OSError, IndexError):
        return False


def start(watch: Watch) -> int:
    """0 when Patroni may start."""
    deadline, said = time.monotonic() + PATIENCE_S, ""
    while True:
        try:
            reason = refusal(watch.seen(), watch.settings["far_region"])
        except OSError as error:
            reason = f"{error}. Next: journalctl --unit=etcd, on its hosts"
        if not reason:
            return 0
        if reason != said:
            print(f"Patroni does not start: {reason}", flush=True)
            said = reason
        if time.monotonic() > deadline:
            return 1
        time.sleep(1)


def watch_for_ever(watch: Watch) -> None:
    """Stops Patroni, and PostgreSQL with it, when the other region was opened later than this one."""
    while True:
        own = watch._get(watch.settings["address"], "config")
        if outdated(own, watch.far()) and not OVERRIDE.exists():
            far_region = watch.settings["far_region"]
            print(
                f"{far_region} was opened after this region: Patroni is stopped. Next: camgrid region return",
                flush=True,
            )
            subprocess.run(["systemctl", "stop", "patroni"], check=False)
        time.sleep(INTERVAL_S)


def main() -> None:
    """Does what the arguments say: a file with settings, and start or watch."""
    watch = Watch(json.loads(Path(sys.argv[1]).read_text()))
    if sys.argv[2] == "start":
        sys.exit(start(watch))
    watch_for_ever(watch)


if __name__ == "__main__":
    main()
