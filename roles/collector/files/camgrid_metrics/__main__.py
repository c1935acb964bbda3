"""python3 -m camgrid_metrics FILE: looks at the cluster at an interval, and serves what it saw."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from threading import Thread

from . import certificates, settings
from .collect import Cluster
from .serve import Samples, start

CERTIFICATES_EVERY_S = 300


def main() -> None:
    """Runs until it is ended."""
    told = settings.load(Path(sys.argv[1]))
    samples, cluster = Samples(), Cluster(told)
    start(told, samples)
    Thread(target=_look_at_certificates, args=[told, samples], name="certificates", daemon=True).start()
    while True:
        started = time.monotonic()
        samples.replace("cluster", cluster.look())
        time.sleep(max(0.0, started + told.interval_s - time.monotonic()))


def _look_at_certificates(told: settings.Settings, samples: Samples) -> None:
    while True:
        samples.replace("certificates", certificates.look(told))
        time.sleep(CERTIFICATES_EVERY_S)


if __name__ == "__main__":
    main()
