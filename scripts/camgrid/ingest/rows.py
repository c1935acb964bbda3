"""From fields to COPY lines: whole columns at a time through caches, row by row only where something is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from camgrid.ingest.clock import Ambiguous, Stamps
from camgrid.ingest.fields import INT4_MAX, Bad, Cache, confidence, frame_data, integer
from camgrid.ingest.mapping import COUNTS
from camgrid.ingest.source import Block, Reject, is_utf8

KEY = ("camera_id", "zone_id", "timestamp")
VALUES = (*COUNTS, "confidence", "frame_data")
_ALWAYS = (*KEY, "total_count")
_NO_COUNT = Bad("no count: the row has none of " + ", ".join(COUNTS))


class Camera(NamedTuple):
    """A camera that turned up in the file, as it is registered."""

    id: int
    name: str
    site: str | None


@dataclass(slots=True)
class Checked:
    """What became of a block. lines[i] is the COPY text of row rows[i] of the block; the others are rejects."""

    block: Block
    lines: Sequence[str]
    rows: Sequence[int]
    rejects: list[Reject]
    cameras: list[Camera] = field(default_factory=list)

    def refused(self, row: int, reason: str) -> Reject:
        """Row `row` of the block as a reject."""
        return Reject(self.block.numbers[row], reason, self.block.raws[row])


class Validator:
    """Checks blocks in the order of the file: which instant an ambiguous time means depends on what came before."""

    def __init__(self, positions: dict[str, int], stamps: Stamps, camera: int | None = None, zone: int = 0) -> None:
        """positions: target → place of its field; camera, zone: of rows that do not tell theirs."""
        self._positions = positions
        self._constants = {"camera_id": str(camera), "zone_id": str(zone)}
        self.columns = tuple(name for name in (*KEY, *VALUES) if name in positions or name in _ALWAYS)
        self._caches = {
            "camera_id": Cache(integer("camera_id", least=1)),
            "zone_id": Cache(integer("zone_id", default=str(zone))),
            "timestamp": Cache(stamps),
            "count_in": Cache(integer("count_in", default="0")),
            "count_out": Cache(integer("count_out", default="0")),
            "total_count": Cache(integer("total_count")),
            "confidence": Cache(confidence),
        }
        self._sums = Cache(self._sum)
        self._turns: dict[tuple[str, str, Any], int] = {}
        self._cameras: set[str] = set()

    def know(self, cameras: Iterable[int]) -> None:
        """Takes note of cameras that are registered already."""
        self._cameras.update(map(str, cameras))

    def check(self, block: Block) -> Checked:
        """Sorts the rows of a block into those to store and those to reject."""
        if not block.fields:
            return Checked(block, [], [], list(block.broken))
        raw = {name: [row[at] for row in block.fields] for name, at in self._positions.items()}
        columns = [self._column(name, raw) for name in self.columns]
        try:
            lines = list(map("\t".join, zip(*columns, strict=True)))
            checked = Checked(block, lines, range(len(lines)), list(block.broken))
        except TypeError:  # a field that is no text: Bad or Ambiguous
            checked = self._check_slowly(block, columns)
        checked.cameras = self._new_cameras(checked.rows, columns[0], raw)
        return checked

    def _column(self, name: str, raw: dict[str, list]) -> list[Any]:
        if name == "total_count":
            return self._totals(raw)
        if name not in raw:
            return [self._constants[name]] * len(raw["timestamp"])
        if name == "frame_data":  # hardly ever the same twice: a cache would only cost
            return list(map(frame_data, raw[name]))
        return list(map(self._caches[name].__getitem__, raw[name]))

    def _totals(self, raw: dict[str, list]) -> list[str | Bad]:
        """total_count, or in rows without it the sum of the two directions."""
        given, read = raw.get("total_count"), self._caches["total_count"]
        if given and None not in given:
            return list(map(read.__getitem__, given))
        nothing = [None] * len(raw["timestamp"])
        ways = zip(raw.get("count_in", nothing), raw.get("count_out", nothing), strict=True)
        sums = map(self._sums.__getitem__, ways)
        if given is None:
            return list(sums)
        return [total if text is None else read[text] for text, total in zip(given, sums, strict=True)]

    def _sum(self, ways: tuple[str | None, str | None]) -> str | Bad:
        if ways == (None, None):
            return _NO_COUNT
        counts = [self._caches[name][text] for name, text in zip(("count_in", "count_out"), ways, strict=True)]
        bad = next((count for count in counts if isinstance(count, Bad)), None)
        total = 0 if bad else sum(map(int, counts))
        return bad or (str(total) if total <= INT4_MAX else Bad(f"total_count is too large: {total}"))

    def _check_slowly(self, block: Block, columns: list[list[Any]]) -> Checked:
        checked = Checked(block, [], [], list(block.broken))
        for row, fields in enumerate(zip(*columns, strict=True)):
            try:
                line = "\t".join(fields)
            except TypeError:
                outcome = self._settled(list(fields))
                if isinstance(outcome, Bad):
                    checked.rejects.append(checked.refused(row, outcome.reason))
                    continue
                line = outcome
            checked.lines.append(line)
            checked.rows.append(row)
        return checked

    def _settled(self, fields: list[Any]) -> str | Bad:
        camera, zone, stamp = fields[:3]
        # Every row that names its camera, zone and time takes its turn, whether it is stored or not: the turns
        # must come out the same whenever the file is read again.
        if isinstance(stamp, Ambiguous) and isinstance(camera, str) and isinstance(zone, str):
            key = (camera, zone, stamp.local)
            turn = self._turns.get(key, 0)
            self._turns[key] = turn + 1
            fields[2] = stamp.choice(turn)
        bad = next((each for each in fields if isinstance(each, Bad)), None)
        return bad or "\t".join(fields)

    def _new_cameras(self, rows: Sequence[int], ids: list[Any], raw: dict[str, list]) -> list[Camera]:
        new = {ids[row] for row in rows} - self._cameras
        first = {ids[row]: row for row in reversed(rows) if ids[row] in new} if new else {}
        self._cameras |= new
        return [
            Camera(int(key), _said("camera_name", raw, row) or f"camera {key}", _said("site", raw, row))
            for key, row in sorted(first.items(), key=lambda item: int(item[0]))
        ]


def _said(name: str, raw: dict[str, list], row: int) -> str | None:
    """What a row says about its camera, or None; text that PostgreSQL cannot hold says nothing."""
    text = (raw[name][row] or "").strip() if name in raw else ""
    return text if text and "\0" not in text and is_utf8(text) else None
