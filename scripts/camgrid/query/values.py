"""What the server says, as values that a table, CSV or JSON can hold, with nothing rounded or out of Python's range."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.types.string import TextLoader

# The others stay the text that the server writes: dates before our era or infinity are no datetime of Python's.
_LOADED = ("bool", "int2", "int4", "int8", "oid", "float4", "float8", "numeric", "json", "jsonb")


class _MomentLoader(TextLoader):
    """timestamp and timestamptz as ISO 8601."""

    def load(self, data: Any) -> str:
        text = super().load(data)
        return re.sub(r"([+-]\d\d)(?= BC$|$)", r"\1:00", text.replace(" ", "T", 1)) if text[0].isdigit() else text


def register(connection: psycopg.Connection) -> None:
    """Makes a connection load values as this module wants them."""
    for info in connection.adapters.types:
        if info.name not in _LOADED:
            connection.adapters.register_loader(info.oid, TextLoader)
        if info.array_oid:
            connection.adapters.register_loader(info.array_oid, TextLoader)
    for name in ("timestamp", "timestamptz"):
        connection.adapters.register_loader(name, _MomentLoader)


def plain(value: Any, form: str) -> Any:
    """A value for report.output's form: whole numbers as int, other decimals as text, documents as JSON."""
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == value.to_integral_value() else str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict | list) and form != "json":
        return json.dumps(value, ensure_ascii=False)
    return value


def unique(names: Sequence[str]) -> list[str]:
    """Column names, each once: what comes again gets a number, as in ["n", "n_2"]."""
    found: list[str] = []
    for name in names:
        number, free = 1, name
        while free in found:
            number += 1
            free = f"{name}_{number}"
        found.append(free)
    return found
