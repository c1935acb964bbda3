"""Makes the page again and again: `python -m camgrid.statuspage SETTINGS`, as the service on a monitor does."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from camgrid.backup import measured
from camgrid.statuspage.cluster import Monitor
from camgrid.statuspage.page import make


def write(path: Path, text: str) -> None:
    """Replaces the page whole: nobody is ever sent half of one."""
    draft = path.with_suffix(".new")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(0o644)
    draft.replace(path)


def main() -> None:
    """Runs until it is stopped. A look that fails is told to the journal; the page says by its time how old it is."""
    settings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    monitor, seconds = Monitor(settings), settings["interval_s"]
    path = Path(os.environ["STATE_DIRECTORY"]) / "index.html"
    while True:
        began = time.monotonic()
        try:
            write(path, make(monitor, seconds, measured.look))
        except Exception as error:  # noqa: BLE001 - the next look may succeed, and whoever reads the journal is told
            print(f"no page was made: {type(error).__name__}: {error}", file=sys.stderr)
        time.sleep(max(1.0, seconds - (time.monotonic() - began)))


if __name__ == "__main__":
    main()
