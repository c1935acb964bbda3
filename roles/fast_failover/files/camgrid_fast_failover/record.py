"""The cut on disk: whoever runs next, even after a reboot, must go on with it before anything is acknowledged again."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from .decide import Cut


class Record:
    """The file that holds the cut; no file, no cut."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Cut | None:
        """The cut that was kept last."""
        try:
            return Cut(**json.loads(self._path.read_text()))
        except FileNotFoundError:
            return None

    def keep(self, cut: Cut) -> None:
        """Returns when a power cut could not undo it."""
        draft = self._path.with_suffix(".new")
        with draft.open("w") as file:
            json.dump(asdict(cut), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        directory = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def forget(self) -> None:
        """There is no cut any more."""
        self._path.unlink(missing_ok=True)
