"""python3 -m camgrid_fast_failover FILE, as a unit of type notify with a state directory."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from pathlib import Path
from threading import Event, Thread

from . import settings
from .daemon import Daemon, say
from .etcd import Etcd
from .hangup import Hangup
from .record import Record

# Seconds that a stop may take to take a cut back; systemd's own limit is longer.
_STOP_S = 10.0


def notify(state: str) -> None:
    """Tells systemd, if it asked to be told."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(state.encode(), address.replace("@", "\0", 1))


def main() -> None:
    """Runs until SIGTERM; then lifts the cut if that is safe."""
    told = settings.load(Path(sys.argv[1]))
    record = Record(Path(os.environ["STATE_DIRECTORY"]) / "cut.json")
    daemon = Daemon(told, Etcd(told.etcd_addresses, told.context), record)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    daemon.start()
    hangup = Hangup(told, Etcd(told.etcd_addresses, told.context))
    Thread(target=hangup.run, args=[stop], name="hangup", daemon=True).start()
    notify("READY=1")
    while not stop.is_set():
        notify("WATCHDOG=1")
        started = time.monotonic()
        daemon.tick()
        stop.wait(max(0.0, started + daemon.interval_s - time.monotonic()))
    deadline = time.monotonic() + _STOP_S
    while daemon.cut and time.monotonic() < deadline:
        daemon.tick(stopping=True)
        time.sleep(daemon.interval_s)
    if daemon.cut:
        say(f"{daemon.cut.leader} stays cut off: lifting it is not known to be safe")


if __name__ == "__main__":
    main()
