"""Turns one field into the text that COPY wants, or says why it cannot."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from camgrid.ingest.source import JsonText, is_utf8

INT4_MAX = 2**31 - 1
NULL = "\\N"
_CACHE_LIMIT = 100_000
_SHORT = 60
# "12.0" is what many programs write for a whole number in a column that has gaps.
_INTEGER = re.compile(r"([+-]?[0-9]+)(?:\.0*)?")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Bad:
    """Why a field is refused."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __repr__(self) -> str:
        return f"Bad({self.reason!r})"


class Cache(dict):
    """field → what parse makes of it, worked out once. Files repeat themselves: this is where speed is from."""

    def __init__(self, parse: Callable[[Any], Any]) -> None:
        super().__init__()
        self._parse = parse

    def __missing__(self, field: Any) -> Any:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        value = self[field] = self._parse(field)
        return value


def short(text: str) -> str:
    """A value for a message: quoted, on one line, and cut when it is long."""
    return repr(text if len(text) <= _SHORT else text[: _SHORT - 1] + "…")


def integer(column: str, least: int = 0, default: str | None = None) -> Callable[[str | None], str | Bad]:
    """A parser of whole numbers from `least` to int4's last. default: what a missing field means."""

    def parse(text: str | None) -> str | Bad:
        if text is None and default is not None:
            return default
        text = (text or "").strip()
        if not text:
            return Bad(f"{column} is empty")
        match = _INTEGER.fullmatch(text)
        if not match:
            return Bad(f"{column} is not an integer: {short(text)}")
        # Long digits are no number here, and int() of them would take its time.
        number = int(match[1]) if len(match[1]) < _SHORT else INT4_MAX + 1
        if number > INT4_MAX:
            return Bad(f"{column} is too large: {short(text)}")
        if number < least:
            return Bad(f"{column} is {'negative' if least == 0 else 'not above 0'}: {number}")
        return str(number)

    return parse


def confidence(text: str | None) -> str | Bad:
    """A number from 0 to 1, rounded to the four digits that are stored; empty is NULL."""
    text = (text or "").strip()
    if not text:
        return NULL
    if not _DECIMAL.fullmatch(text) or len(text) > _SHORT:
        return Bad(f"confidence is not a number: {short(text)}")
    number = Decimal(text)
    if not 0 <= number <= 1:
        return Bad(f"confidence is not within 0…1: {short(text)}")
    return str(number.quantize(Decimal("0.0001"), ROUND_HALF_UP).copy_abs())


def frame_data(text: str | None) -> str | Bad:
    """JSON of any kind, kept as it is written; empty is {}."""
    if not text or text.isspace():
        return "{}"
    try:
        if not isinstance(text, JsonText):
            json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return Bad(f"frame_data is not JSON: {short(text)}")
    if not is_utf8(text):
        return Bad(f"frame_data is not UTF-8: {short(text)}")
    return text.translate(_COPY_ESCAPES)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
